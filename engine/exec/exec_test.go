package exec

import (
	"os"
	"testing"

	"erg.build/erg/engine/sandbox"
)

func TestMain(m *testing.M) {
	sandbox.Main()
	os.Exit(m.Run())
}
