package lang

import (
	"fmt"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// lengthFunc is cty's, and counts the characters of a string too. Marks of the
// elements are no marks of their number.
var lengthFunc = function.New(&function.Spec{
	Params: []function.Parameter{{
		Name: "value", Type: cty.DynamicPseudoType,
		AllowDynamicType: true, AllowUnknown: true, AllowMarked: true,
	}},
	Type: func(args []cty.Value) (cty.Type, error) {
		ty := args[0].Type()
		if ty == cty.String || ty == cty.DynamicPseudoType || ty.IsObjectType() || ty.IsTupleType() || ty.IsCollectionType() {
			return cty.Number, nil
		}
		return cty.Number, function.NewArgErrorf(0, "must be a string, a collection, an object or a tuple")
	},
	RefineResult: func(b *cty.RefinementBuilder) *cty.RefinementBuilder {
		return b.NotNull().NumberRangeLowerBound(cty.Zero, true)
	},
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		val, marks := args[0].Unmark()
		ty := val.Type()
		switch {
		case ty == cty.DynamicPseudoType:
			return cty.UnknownVal(cty.Number).WithMarks(marks), nil
		case ty.IsObjectType():
			return cty.NumberIntVal(int64(len(ty.AttributeTypes()))).WithMarks(marks), nil
		case ty == cty.String:
			n, err := stdlib.Strlen(val)
			return n.WithMarks(marks), err
		}
		return val.Length().WithMarks(marks), nil
	},
})

// lookupFunc is cty's, with a default that may be left out.
var lookupFunc = function.New(&function.Spec{
	Params: []function.Parameter{
		{Name: "map", Type: cty.DynamicPseudoType, AllowMarked: true},
		{Name: "key", Type: cty.String, AllowMarked: true},
	},
	VarParam: &function.Parameter{Name: "default", Type: cty.DynamicPseudoType, AllowNull: true, AllowUnknown: true, AllowDynamicType: true, AllowMarked: true},
	Type: func(args []cty.Value) (cty.Type, error) {
		val, err := lookup(args)
		return val.Type(), err
	},
	Impl: func(args []cty.Value, ty cty.Type) (cty.Value, error) {
		val, err := lookup(args)
		if err != nil {
			return cty.UnknownVal(ty), err
		}
		return convert.Convert(val, ty)
	},
})

func lookup(args []cty.Value) (cty.Value, error) {
	if len(args) > 3 {
		return cty.DynamicVal, fmt.Errorf("there can be only one default")
	}
	coll, collMarks := args[0].Unmark()
	key, keyMarks := args[1].Unmark()
	ty := coll.Type()
	if !ty.IsMapType() && !ty.IsObjectType() {
		return cty.DynamicVal, function.NewArgErrorf(0, "must be a map or an object")
	}
	if !coll.IsKnown() || !key.IsKnown() {
		elem := cty.DynamicPseudoType
		if ty.IsMapType() {
			elem = ty.ElementType()
		}
		return cty.UnknownVal(elem).WithMarks(collMarks, keyMarks), nil
	}
	name := key.AsString()
	switch {
	case ty.IsObjectType() && ty.HasAttribute(name):
		return coll.GetAttr(name).WithMarks(collMarks, keyMarks), nil
	case ty.IsMapType() && coll.HasIndex(key).True():
		return coll.Index(key).WithMarks(collMarks, keyMarks), nil
	case len(args) < 3:
		return cty.DynamicVal, function.NewArgErrorf(1, "there is no element %q, and no default is given", name)
	}
	def := args[2]
	if ty.IsMapType() {
		var err error
		if def, err = convert.Convert(def, ty.ElementType()); err != nil {
			return cty.DynamicVal, function.NewArgErrorf(2, "the default must be of the map's type: %s", err)
		}
	}
	return def.WithMarks(collMarks, keyMarks), nil
}

// listParam is a parameter for what can be iterated over.
func listParam(name string) function.Parameter {
	return function.Parameter{Name: name, Type: cty.DynamicPseudoType}
}

func isSequence(ty cty.Type) bool { return ty.IsListType() || ty.IsSetType() || ty.IsTupleType() }

// indexFunc finds the position of a value, not whether there is a position.
var indexFunc = function.New(&function.Spec{
	Params: []function.Parameter{listParam("list"), {Name: "value", Type: cty.DynamicPseudoType, AllowNull: true}},
	Type:   function.StaticReturnType(cty.Number),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		if ty := args[0].Type(); !ty.IsListType() && !ty.IsTupleType() {
			return cty.UnknownVal(cty.Number), function.NewArgErrorf(0, "must be a list or a tuple")
		}
		for it := args[0].ElementIterator(); it.Next(); {
			i, elem := it.Element()
			eq, err := stdlib.Equal(elem, args[1])
			if err != nil {
				continue // of another type
			}
			if !eq.IsKnown() {
				return cty.UnknownVal(cty.Number), nil
			}
			if eq.True() {
				return i, nil
			}
		}
		return cty.UnknownVal(cty.Number), function.NewArgErrorf(1, "it is not in the list")
	},
})

var oneFunc = function.New(&function.Spec{
	Params: []function.Parameter{listParam("list")},
	Type: func(args []cty.Value) (cty.Type, error) {
		switch ty := args[0].Type(); {
		case ty.IsListType() || ty.IsSetType():
			return ty.ElementType(), nil
		case ty.IsTupleType() && ty.Length() == 0:
			return cty.DynamicPseudoType, nil
		case ty.IsTupleType() && ty.Length() == 1:
			return ty.TupleElementType(0), nil
		case ty.IsTupleType():
			return cty.DynamicPseudoType, function.NewArgErrorf(0, "must have no element or one, but it has %d", ty.Length())
		}
		return cty.DynamicPseudoType, function.NewArgErrorf(0, "must be a list, a set or a tuple")
	},
	Impl: func(args []cty.Value, ty cty.Type) (cty.Value, error) {
		switch n := args[0].LengthInt(); n {
		case 0:
			return cty.NullVal(ty), nil
		case 1:
			it := args[0].ElementIterator()
			it.Next()
			_, elem := it.Element()
			return elem, nil
		default:
			return cty.UnknownVal(ty), function.NewArgErrorf(0, "must have no element or one, but it has %d", n)
		}
	},
})

// fold makes a function that combines the elements of a list of one type.
func fold(elem cty.Type, start cty.Value, op func(a, b cty.Value) cty.Value) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{listParam("list")},
		Type: func(args []cty.Value) (cty.Type, error) {
			if !isSequence(args[0].Type()) {
				return elem, function.NewArgErrorf(0, "must be a list, a set or a tuple")
			}
			return elem, nil
		},
		RefineResult: func(b *cty.RefinementBuilder) *cty.RefinementBuilder { return b.NotNull() },
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			acc := start
			for it := args[0].ElementIterator(); it.Next(); {
				i, val := it.Element()
				if val.IsNull() {
					return cty.UnknownVal(elem), function.NewArgErrorf(0, "an element is null")
				}
				val, err := convert.Convert(val, elem)
				if err != nil {
					text, _ := keyText(i)
					return cty.UnknownVal(elem), function.NewArgErrorf(0, "element %s: %s", text, err)
				}
				acc = op(acc, val)
			}
			return acc, nil
		},
	})
}

var (
	sumFunc     = fold(cty.Number, cty.Zero, cty.Value.Add)
	allTrueFunc = fold(cty.Bool, cty.True, cty.Value.And)
	anyTrueFunc = fold(cty.Bool, cty.False, cty.Value.Or)
)
