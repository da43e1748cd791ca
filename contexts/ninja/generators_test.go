package ninja_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"erg.build/erg/contexts/ninja"
	"erg.build/erg/toolchain/toolchaintest"
)

// project is one source tree for both generators.
const project = `
-- CMakeLists.txt --
cmake_minimum_required(VERSION 3.16)
project(sample C)
enable_testing()
find_program(SH sh)
add_custom_command(OUTPUT gen.h COMMAND ${CMAKE_COMMAND} -E echo "int g\;" > gen.h DEPENDS gen.in VERBATIM)
add_library(one STATIC lib/one.c ${CMAKE_CURRENT_BINARY_DIR}/gen.h)
target_compile_definitions(one PRIVATE "NAME=\"a b\"" DIR="${CMAKE_CURRENT_SOURCE_DIR}")
add_library(two SHARED lib/two.c)
add_library(obj OBJECT "lib/with space.c")
target_link_libraries(two PRIVATE one)
add_executable(main main.c $<TARGET_OBJECTS:obj>)
target_include_directories(main PRIVATE ${CMAKE_CURRENT_BINARY_DIR})
target_link_libraries(main PRIVATE two)
add_custom_target(check-all COMMAND main COMMAND ${CMAKE_COMMAND} -E touch done USES_TERMINAL)
add_custom_command(TARGET main POST_BUILD COMMAND ${CMAKE_COMMAND} -E touch "post build")
add_test(NAME main COMMAND main)
install(TARGETS main two)
set_property(GLOBAL PROPERTY JOB_POOLS link=2)
set_property(TARGET main PROPERTY JOB_POOL_LINK link)
-- meson.build --
project('sample', 'c', default_options: ['werror=true'])
gen = custom_target('gen', input: 'gen.in', output: ['gen.h', 'gen extra.h'], command: ['cp', '@INPUT@', '@OUTPUT0@'])
one = static_library('one', 'lib/one.c', gen, c_args: ['-DNAME="a b"', '-DPATH=$x'])
two = shared_library('two', 'lib/two.c', link_with: one)
exe = executable('main', 'main.c', 'lib/with space.c', link_with: two, install: true)
test('main', exe)
run_target('hello', command: ['echo', 'a  b'])
custom_target('deps', input: 'gen.in', output: 'deps.out', depfile: 'deps.d', command: ['cp', '@INPUT@', '@OUTPUT@'], build_by_default: true, console: true)
-- gen.in --
int g;
-- main.c --
int main(void) { return 0; }
-- lib/one.c --
int one(void) { return 1; }
-- lib/two.c --
int two(void) { return 2; }
-- lib/with space.c --
int space(void) { return 3; }
`

func TestGenerators(t *testing.T) {
	if testing.Short() {
		t.Skip("generators take seconds")
	}
	for _, test := range []struct {
		name, file string
		command    []string
	}{
		{"cmake", "build.ninja", []string{"cmake", "-S", "..", "-B", ".", "-G", "Ninja"}},
		{"cmake multi-config", "build.ninja", []string{"cmake", "-S", "..", "-B", ".", "-G", "Ninja Multi-Config", "-DCMAKE_CROSS_CONFIGS=all"}},
		{"meson", "build.ninja", []string{"meson", "setup", ".", ".."}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			o := newOracle(t)
			toolchaintest.Need(t, test.command[0], "cc")
			for _, f := range txtar.Parse([]byte(project)).Files {
				o.write(f.Name, f.Data)
			}
			o.dir = filepath.Join(o.dir, "the build")
			o.write("stamp", nil)
			cmd := exec.Command(test.command[0], test.command[1:]...)
			cmd.Dir = o.dir
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			g, err := ninja.Read(test.file, o.open)
			if err != nil {
				t.Fatal(err)
			}
			o.compare(g)
			checkCompiles(t, g)
		})
	}
}

// checkCompiles looks at the edges that compile C: their commands need no
// shell, and they tell of headers.
func checkCompiles(t *testing.T, g *ninja.Graph) {
	compiles := 0
	for e := range g.Edges() {
		in := g.ExplicitInputs(e)
		if len(in) != 1 || !strings.HasSuffix(g.Path(in[0]), ".c") {
			continue
		}
		compiles++
		command := g.Command(e)
		argv, ok := ninja.SplitCommand(command)
		if !ok {
			t.Errorf("%s needs a shell", command)
			continue
		}
		if argv[len(argv)-1] != g.Path(in[0]) {
			t.Errorf("the last argument of %q is not %s", argv, g.Path(in[0]))
		}
		if g.Binding(e, "deps") != "gcc" || !strings.HasSuffix(g.Depfile(e), ".o.d") {
			t.Errorf("%s: deps %q, depfile %q", command, g.Binding(e, "deps"), g.Depfile(e))
		}
	}
	if compiles < 4 {
		t.Errorf("%d edges compile", compiles)
	}
}
