package table

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"erg.build/erg/cmd/erg-bench/internal/measure"
)

func sample() *Table {
	return &Table{
		Date:    "2001-02-03",
		Machine: measure.Machine{CPU: "CPU", Cores: 2, Memory: 8e9, Kernel: "Linux 6", FileSystem: "ext4"},
		Peers:   map[string]string{"ninja": "1.11", "make": "4.3"},
		Rows: []Row{
			{Work: "null, 1k", Peer: "ninja", Unit: Time, Erg: 0.004, PeerHas: 0.008, Reach: Reach{Ratio: 1}},
			{Work: "clean", Peer: "make", Unit: Time, Erg: 12, PeerHas: 8, Reach: Reach{Ratio: 1.1}},
			{Work: "clean, memory", Peer: "ninja", Unit: Memory, Erg: 1.4e9, PeerHas: 5e8, Reach: Reach{Most: 1.5e9}},
			{Work: "instructions", Peer: "ninja", Unit: Instructions, Erg: 3e6, PeerHas: 6e6},
			{Work: "null, 1M", Peer: "ninja", Unit: Time, Reach: Reach{Ratio: 0.4}, Missing: "not run"},
		},
	}
}

func TestText(t *testing.T) {
	var b bytes.Buffer
	if err := sample().Text(&b); err != nil {
		t.Fatal(err)
	}
	want := `2001-02-03: CPU, 2 cores, 8 GB of memory, Linux 6, ext4; make 4.3, ninja 1.11.

work           peer       erg  peer has  ratio  reach      met
null, 1k       ninja   4.0 ms    8.0 ms   0.50  ≤ 1        yes
clean          make   12.00 s    8.00 s   1.50  ≤ 1.1      no
clean, memory  ninja  1.40 GB    500 MB   2.80  ≤ 1.50 GB  yes
instructions   ninja    3.0 M     6.0 M   0.50
null, 1M       ninja                            ≤ 0.4      not run
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestUpdateLeavesTheRest(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.md")
	text := "# Page\n\n" + Section + "\n\nan old table\n\n## After\n\nmore\n"
	if err := os.WriteFile(page, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := sample().Update(page); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var table bytes.Buffer
	if err := sample().Markdown(&table); err != nil {
		t.Fatal(err)
	}
	if want := "# Page\n\n" + Section + "\n\n" + table.String() + "\n## After\n\nmore\n"; string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if !strings.Contains(string(got), "| clean         | make  | 12.00 s |   8.00 s |  1.50 | ≤ 1.1     | no      |\n") {
		t.Errorf("no row of the table in\n%s", got)
	}
	if err := os.WriteFile(page, []byte("# Page\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := sample().Update(page); err == nil || !strings.Contains(err.Error(), `there is no heading "`+Section+`"`) {
		t.Errorf("error %v", err)
	}
}

func TestJSONRoundTrip(t *testing.T) {
	var b bytes.Buffer
	if err := sample().JSON(&b); err != nil {
		t.Fatal(err)
	}
	var got Table
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Rows) != 5 || got.Rows[2] != sample().Rows[2] || got.Machine != sample().Machine {
		t.Errorf("got %+v", got)
	}
}
