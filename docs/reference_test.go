package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"erg.build/erg/contexts/config"
	"erg.build/erg/contexts/lang"
)

// sections splits a page at its headings.
func sections(text string) map[string]string {
	out := map[string]string{}
	title := ""
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "#") {
			title = strings.TrimSpace(strings.TrimLeft(line, "#"))
		}
		out[title] += line
	}
	return out
}

// The reference has every attribute of every block, and every function.
func TestReferenceIsComplete(t *testing.T) {
	page, err := os.ReadFile("language.md")
	if err != nil {
		t.Fatal(err)
	}
	parts := sections(string(page))
	for _, c := range []struct {
		file, block string
		in          []string // sections, the block's own first
	}{
		{"erg.hcl", `workspace {%s}`, []string{"workspace"}},
		{"erg.hcl", `variable "x" {%s}`, []string{"variable"}},
		{"erg.hcl", "variable \"x\" {\nvalidation {%s}\n}", []string{"variable"}},
		{"erg.hcl", `toolchain "cc" "x" {%s}`, []string{"toolchain"}},
		{"erg.hcl", `context "x" {%s}`, []string{"context"}},
		{"erg.hcl", "context \"x\" {\nrunner {%s}\n}", []string{"runner"}},
		{"erg.hcl", "context \"x\" {\noutput \"y\" {%s}\n}", []string{"output"}},
		{"erg.hcl", `template "x" {%s}`, []string{"template", "context"}},
		{"build.hcl", `setting "x" {%s}`, []string{"setting", "build.hcl"}},
		{"build.hcl", `library "x" {%s}`, []string{"library", "build.hcl"}},
		{"build.hcl", `executable "x" {%s}`, []string{"executable", "library", "build.hcl"}},
		{"build.hcl", `rule "x" {%s}`, []string{"rule", "build.hcl"}},
		{"build.hcl", `test "x" {%s}`, []string{"test", "build.hcl"}},
		{"build.hcl", `install "x" {%s}`, []string{"install", "build.hcl"}},
	} {
		text := ""
		for _, s := range c.in {
			text += parts[s]
		}
		for _, name := range attributes(t, c.file, c.block) {
			if !strings.Contains(text, "`"+name+"`") {
				t.Errorf("section %s does not have %s", c.in[0], name)
			}
		}
	}
	for name := range lang.Functions(noFiles{}) {
		if !strings.Contains(parts["Functions"], "`"+name+"`") && !strings.Contains(parts["Functions"], "`"+name+"(") {
			t.Errorf("section Functions does not have %s", name)
		}
	}
}

type noFiles struct{}

func (noFiles) Glob(string) ([]string, error)   { return nil, nil }
func (noFiles) ReadFile(string) ([]byte, error) { return nil, nil }

// attributes lists what a block may have, by what the error for an unknown
// attribute says.
func attributes(t *testing.T, file, block string) []string {
	t.Helper()
	src := []byte(strings.Replace(block, "%s", "\nxyxyxyxyxyxy = 1\n", 1))
	_, diags := config.ParseWorkspace(file, src)
	if file == "build.hcl" {
		_, diags = config.ParseBuild(file, src)
	}
	for _, d := range diags {
		if _, list, ok := strings.Cut(d.Detail, "There are: "); ok {
			return strings.Split(strings.TrimSuffix(list, "."), ", ")
		}
	}
	t.Fatalf("%s: no diagnostic lists the attributes: %v", block, diags)
	return nil
}

// Links between pages, and to files, lead somewhere.
func TestLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)
	pages, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range append(pages, "../README.md", "../ARCHITECTURE.md", "../CHANGELOG.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			to := filepath.Join(filepath.Dir(page), m[1])
			b, err := os.ReadFile(to)
			if _, serr := os.Stat(to); serr != nil {
				t.Errorf("%s: %s leads nowhere", page, m[1])
				continue
			}
			if m[2] != "" && (err != nil || !slices.Contains(anchors(string(b)), m[2])) {
				t.Errorf("%s: there is no %s in %s", page, m[2], m[1])
			}
		}
	}
}

// The files that ARCHITECTURE.md leads through are there.
func TestArchitectureNamesFiles(t *testing.T) {
	page, err := os.ReadFile("../ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	err = filepath.WalkDir("..", func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && strings.HasPrefix(d.Name(), ".") && name != ".." {
			return fs.SkipDir
		}
		files = append(files, strings.TrimPrefix(name, ".."))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("`([a-z_/]+\\.go|(?:cmd|contexts|engine|toolchain)/[a-z_/]+)`").FindAllStringSubmatch(string(page), -1) {
		if !slices.ContainsFunc(files, func(f string) bool { return strings.HasSuffix(f, "/"+m[1]) }) {
			t.Errorf("there is no file %s", m[1])
		}
	}
}

// anchors lists the headings of a page as links name them.
func anchors(text string) []string {
	var out []string
	drop := regexp.MustCompile(`[^a-z0-9 _-]`)
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "#") {
			h := strings.ToLower(strings.TrimSpace(strings.TrimLeft(line, "#")))
			out = append(out, "#"+strings.ReplaceAll(drop.ReplaceAllString(h, ""), " ", "-"))
		}
	}
	return out
}
