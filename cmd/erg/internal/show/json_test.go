package show

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestJSON(t *testing.T) {
	var b strings.Builder
	j := NewJSON(&b, nil)
	play(j, failedBuild)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	const want = `{"event":"message","level":"info","text":"waiting for another erg (process 4711)"}
{"event":"action_started","id":2,"action":"cc lib/a.c","contexts":["app"],"lane":0,"at":0.01}
{"event":"action_started","id":3,"action":"cc app/plain.c","contexts":["app","v@wide"],"lane":1,"at":0.012}
{"event":"message","level":"warning","text":"the store is nearly full"}
{"event":"action_finished","contexts":["alpha","app"],"action":"cc lib/b.c","status":"restored","seconds":0.002}
{"event":"action_output","contexts":["app"],"action":"cc lib/old.c","output":"lib/old.c:1: warning: unused\n"}
{"event":"action_finished","contexts":["app","v@wide"],"action":"cc lib/a.c","status":"ran","seconds":0.5,"output":"lib/a.c:3: warning: <x> & \u001b[35my\u001b[0m\r\n\u0007done"}
{"event":"action_finished","contexts":["app","late","v@wide"],"action":"cc app/plain.c","status":"failed","seconds":1,"output":"app/plain.c:1:1: error: no\n","command":"gcc -c app/plain.c -o plain.o","error":"exit status 1"}
{"event":"build_finished","ok":false,"ran":2,"restored":1,"unchanged":2,"failed":1,"evaluated":true,"seconds":1.1}
`
	if got := b.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for line := range strings.Lines(b.String()) {
		if !json.Valid([]byte(line)) {
			t.Errorf("not valid: %s", line)
		}
	}
}

func TestJSONInterrupted(t *testing.T) {
	var b strings.Builder
	j := NewJSON(&b, (&fakeClock{at: 2 * sec}).now)
	play(j, interrupted)
	for range 2 {
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
	const want = `{"event":"action_started","id":1,"action":"cc a.c","contexts":["app"],"lane":0,"at":0.01}
{"event":"action_finished","contexts":["app"],"action":"cc b.c","status":"ran","seconds":0.2}
{"event":"build_finished","ok":false,"ran":1,"restored":0,"unchanged":0,"failed":0,"evaluated":false,"seconds":2}
`
	if got := b.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestJSONWithoutBuild(t *testing.T) {
	var b strings.Builder
	if err := NewJSON(&b, nil).Close(); err != nil || b.Len() > 0 {
		t.Errorf("a build that never began wrote %q, %v", b.String(), err)
	}
}
