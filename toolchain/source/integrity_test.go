package source

import (
	"strings"
	"testing"
)

// The digests of "hello", by openssl.
const (
	sha256Hello = "sha256-LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="
	sha512Hello = "sha512-m3HSJL1i83hdltRq0+o9czGb+8KJDKra4t/3JRlnPKcjI8PZm6XBHXx6zG4UuMXaDEZjR1wuXDre9G9zvN7AQw=="
)

func TestIntegrity(t *testing.T) {
	for text, want := range map[string]Integrity{
		sha256Hello:                     sha256Hello,
		" " + sha512Hello + "?x\n":      sha512Hello,
		sha256Hello + " " + sha512Hello: sha512Hello,
		sha512Hello + " " + sha256Hello: sha512Hello,
	} {
		got, err := ParseIntegrity(text)
		if err != nil || got != want {
			t.Errorf("ParseIntegrity(%q) = %q, %v, want %q", text, got, err, want)
			continue
		}
		v := got.Verifier()
		v.Write([]byte("hello"))
		if v.Integrity() != want {
			t.Errorf("hello has %s, want %s", v.Integrity(), want)
		}
	}
	for text, want := range map[string]string{
		"":                                  "the integrity is empty",
		"sha512":                            `"sha512" is no integrity: it begins with the name of a digest and a dash`,
		"sha1-qvTGHdzF6KLavt4PO0gs2a6pQ00=": "a digest by sha1 is too weak to name content; use sha512",
		"sha3-AAAA":                         `there is no digest "sha3"; there are sha512, sha384 and sha256`,
		"sha256-AAAA":                       `after "sha256-" there must be 32 bytes in base64`,
		"sha256-" + strings.Repeat("!", 44): `after "sha256-" there must be 32 bytes in base64`,
	} {
		if got, err := ParseIntegrity(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseIntegrity(%q) = %q, %v, want …%s…", text, got, err, want)
		}
	}
}

func FuzzIntegrity(f *testing.F) {
	f.Add(sha256Hello + " " + sha512Hello)
	f.Fuzz(func(t *testing.T, text string) {
		i, err := ParseIntegrity(text)
		if err != nil {
			return
		}
		i.Verifier() // there is one
		if again, err := ParseIntegrity(string(i)); err != nil || again != i {
			t.Errorf("%q read again: %q, %v", i, again, err)
		}
	})
}

func TestRedact(t *testing.T) {
	for in, want := range map[string]string{
		"https://me:secret@host/x.tar?token=1": "https://host/x.tar",
		"https://host":                         "https://host",
		"https://host#part":                    "https://host",
		"../x.tar":                             "../x.tar",
		"git@host:path":                        "git@host:path",
	} {
		if got := Redact(in); got != want {
			t.Errorf("Redact(%q) = %q, want %q", in, got, want)
		}
	}
}
