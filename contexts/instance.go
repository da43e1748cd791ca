package contexts

import (
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/lang"
	"erg.build/erg/engine"
)

// instances are what a block with for_each stands for.
type instances struct {
	single bool // no for_each: one instance, without a key
	known  bool // false: a plan cannot tell how many there are
	keys   []string
	each   map[string]*eachValue
	waits  []string // what it waits for, when not known
}

// An eachValue is what each.key and each.value are in an instance.
type eachValue struct {
	key   string
	value cty.Value
}

var onlyInstance = &instances{single: true, known: true, keys: []string{""}, each: map[string]*eachValue{"": nil}}

func (in *instances) has(key string) bool { _, ok := in.each[key]; return ok }

// keyStep is the key that the n-th step of a reference to one of several
// instances gives; at is the reference to all of them. It is "" where nothing
// can be said yet, too.
func (in *instances) keyStep(ref lang.Ref, n int, at string) (string, hcl.Diagnostics) {
	key, diags := stepName(ref, n, "a key, since "+at+" has a for_each")
	switch {
	case key == "" || !in.known:
		return "", diags
	case !ref.Steps[n].IsKey():
		return "", errorAt(ref.RangeOf(n), "Invalid reference", "%s has instances: write %s[\"KEY\"].%s", at, at, instanceList(in))
	case !in.has(key):
		return "", errorAt(ref.RangeOf(n+1), "No such instance", "%s has no instance %q.%s%s", at, key, suggestOnly(key, in.keys), instanceList(in))
	}
	return key, nil
}

// expand evaluates a for_each expression: a map, a set or a list of strings.
func (ev *Evaluator) expand(expr hcl.Expression, sc *scope) (*instances, hcl.Diagnostics) {
	if expr == nil {
		return onlyInstance, nil
	}
	val, diags := lang.Eval(expr, sc)
	if later := laterOf(diags); later != nil {
		return &instances{waits: later.waits}, nil
	}
	if diags.HasErrors() {
		return nil, diags
	}
	val, _ = val.UnmarkDeep()
	in := &instances{known: true, each: map[string]*eachValue{}}
	bad := func(format string, args ...any) (*instances, hcl.Diagnostics) {
		return nil, append(diags, errorAt(expr.Range(), "Invalid for_each", format, args...)...)
	}
	ty := val.Type()
	switch {
	case !val.IsKnown():
		return &instances{waits: sc.waits()}, diags
	case val.IsNull():
		return bad("The value is null. Use an empty map or list for no instances.")
	case ty.IsMapType() || ty.IsObjectType():
		for k, v := range val.AsValueMap() {
			if !addr.ValidKey(k) {
				return bad("%s", badKey(k))
			}
			in.keys = append(in.keys, k)
			in.each[k] = &eachValue{k, v}
		}
		sort.Strings(in.keys)
	case ty.IsListType() || ty.IsTupleType() || ty.IsSetType():
		for it := val.ElementIterator(); it.Next(); {
			_, v := it.Element()
			if !v.IsKnown() {
				return &instances{waits: sc.waits()}, diags
			}
			if v.IsNull() || v.Type() != cty.String {
				return bad("The elements of a list must be strings, since they become the keys of the instances.")
			}
			k := v.AsString()
			if !addr.ValidKey(k) {
				return bad("%s", badKey(k))
			}
			if in.has(k) {
				return bad("The key %q occurs twice.", k)
			}
			in.keys = append(in.keys, k)
			in.each[k] = &eachValue{k, v}
		}
	default:
		return bad("It takes a map, a set or a list of strings, not %s.", ty.FriendlyName())
	}
	return in, diags
}

func badKey(k string) string {
	return strconv.Quote(k) + " cannot be a key: keys become directories, so they consist of letters, digits and ._+- and begin with a letter, a digit or _."
}

// contextInstances expands context NAME.
func (ev *Evaluator) contextInstances(t *engine.Task, a addr.Context) (*instances, error) {
	ws, err := ev.workspaceQ.Get(t, "")
	if err != nil {
		return nil, err
	}
	in, diags := ev.expand(ws.Context(a.Name).ForEach, &scope{ev: ev, t: t, user: a})
	if in != nil && in.known {
		t.PruneContexts(func(former string) bool {
			name, key, _ := strings.Cut(former, "@")
			return name != a.Name || in.has(key)
		})
	}
	return in, ev.report(diags)
}

// toolchainInstances expands toolchain KIND NAME.
func (ev *Evaluator) toolchainInstances(t *engine.Task, a addr.Toolchain) (*instances, error) {
	ws, err := ev.workspaceQ.Get(t, "")
	if err != nil {
		return nil, err
	}
	in, diags := ev.expand(ws.Toolchain(a.Kind, a.Name).ForEach, &scope{ev: ev, t: t})
	return in, ev.report(diags)
}

// allContexts lists the instances of all contexts, as far as they are known.
func (ev *Evaluator) allContexts(t *engine.Task, _ string) ([]addr.Context, error) {
	ws, err := ev.workspaceQ.Get(t, "")
	if err != nil {
		return nil, err
	}
	lists := make([][]addr.Context, len(ws.Contexts))
	fns := make([]func(*engine.Task) error, len(ws.Contexts))
	for i, c := range ws.Contexts {
		fns[i] = func(t *engine.Task) error {
			in, err := ev.instancesQ.Get(t.At(site(c.Range)), addr.Context{Name: c.Name})
			if err != nil {
				return err
			}
			for _, k := range in.keys {
				lists[i] = append(lists[i], addr.Context{Name: c.Name, Key: k})
			}
			return nil
		}
	}
	err = t.Run(fns...)
	return slices.Concat(lists...), err
}
