package tree

import (
	"fmt"
	"io"
	"strings"
)

// Archives is how many archives a C project has.
const Archives = 10

// cRules are the rules of a C project. Ninja's documentation has the compiler's,
// which keeps the depfile in its database.
const cRules = `rule cc
  command = gcc -MMD -MF $out.d -c $in -o $out
  depfile = $out.d
  deps = gcc

rule ar
  command = rm -f $out && ar rcs $out $in

rule link
  command = gcc -o $out $in

`

// Program is what a C project builds.
const Program = outputs + "/program"

// PlantC writes a C project: so many tiny sources in archives, each with a
// header, and a program that is linked with all of them. The program succeeds
// if it was made of all of them.
func PlantC(dir string, sources int) (Tree, error) {
	t := Tree{Dir: dir}
	var main strings.Builder
	per := max(sources/Archives, 1)
	for a := range Archives {
		header := fmt.Sprintf("#define BASE %d\n", a*per)
		for i := range per {
			function := fmt.Sprintf("f%d_%d", a, i)
			header += fmt.Sprintf("int %s(void);\n", function)
			fmt.Fprintf(&main, "  sum += %s();\n", function)
			text := fmt.Sprintf("#include \"lib%d.h\"\nint %s(void) { return BASE + %d; }\n", a, function, i)
			if err := t.Write(cSource(a, i), text); err != nil {
				return t, err
			}
		}
		if err := t.Write(cHeader(a), header); err != nil {
			return t, err
		}
	}
	var includes string
	for a := range Archives {
		includes += fmt.Sprintf("#include \"lib%d/lib%d.h\"\n", a, a)
	}
	all := per * Archives
	text := fmt.Sprintf("%sint main(void) {\n  long sum = 0;\n%s  return sum != %dL;\n}\n", includes, &main, all*(all-1)/2)
	if err := t.Write(sourceTree+"/main.c", text); err != nil {
		return t, err
	}
	return t, t.stream(graphFile, func(w io.Writer) error { return writeC(w, per) })
}

func cSource(a, i int) string { return fmt.Sprintf("%s/lib%d/f%d.c", sourceTree, a, i) }
func cHeader(a int) string    { return fmt.Sprintf("%s/lib%d/lib%d.h", sourceTree, a, a) }

func writeC(w io.Writer, per int) error {
	var b strings.Builder
	b.WriteString(cRules)
	var archives string
	for a := range Archives {
		var objects string
		for i := range per {
			object := fmt.Sprintf("%s/lib%d/f%d.o", outputs, a, i)
			fmt.Fprintf(&b, "build %s: cc %s\n", object, cSource(a, i))
			objects += " " + object
		}
		archive := fmt.Sprintf("%s/lib%d.a", outputs, a)
		fmt.Fprintf(&b, "build %s: ar%s\n", archive, objects)
		archives += " " + archive
	}
	fmt.Fprintf(&b, "build %s/main.o: cc %s/main.c\n", outputs, sourceTree)
	fmt.Fprintf(&b, "build %s: link %s/main.o%s\ndefault %s\n", Program, outputs, archives, Program)
	_, err := io.WriteString(w, b.String())
	return err
}
