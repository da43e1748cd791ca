package cli

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// versionInfo says which erg this is.
type versionInfo struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"` // of the sources, "+" when modified
	Go       string `json:"go"`
	Platform string `json:"platform"`
	Schema   string `json:"schema,omitempty"`
}

func newVersion(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of erg",
		Long: `Print the version of erg, of the Go it was built with, and of the schema of its
traces and store: ergs of one schema share what they built.`,
		Example: `  erg version
  erg version --json`,
		Args:              argCount(0, 0, ""),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: g.run(func(_ *cobra.Command, c Common, _ []string) error {
			v := version(g.deps.Schema)
			if c.JSON {
				return json.NewEncoder(c.Stdout).Encode(v)
			}
			_, err := fmt.Fprint(c.Stdout, v)
			return err
		}),
	}
}

// version returns the version of this program.
func version(schema string) versionInfo {
	info, _ := debug.ReadBuildInfo()
	return versionOf(info, schema)
}

// versionOf reads what the linker recorded, which may be nothing.
func versionOf(info *debug.BuildInfo, schema string) versionInfo {
	v := versionInfo{Version: "devel", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, Schema: schema}
	if info == nil {
		return v
	}
	if version := info.Main.Version; version != "" && version != "(devel)" {
		v.Version = version
	}
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			v.Revision = s.Value[:min(12, len(s.Value))] + v.Revision
		case s.Key == "vcs.modified" && s.Value == "true":
			v.Revision += "+"
		}
	}
	return v
}

func (v versionInfo) String() string {
	s := "erg " + v.Version
	if v.Revision != "" {
		s += " (" + v.Revision + ")"
	}
	s += fmt.Sprintf("\nbuilt with %s for %s\n", v.Go, v.Platform)
	if v.Schema != "" {
		s += "schema " + v.Schema + "\n"
	}
	return s
}
