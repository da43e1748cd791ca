package contexts

import (
	"github.com/zclconf/go-cty/cty"

	"erg.build/erg/contexts/lang"
)

// versionAtLeast compares as the function version_at_least does.
func versionAtLeast(version, least string) bool {
	v, err := lang.Functions(nil)["version_at_least"].Call([]cty.Value{cty.StringVal(version), cty.StringVal(least)})
	return err == nil && v.True()
}
