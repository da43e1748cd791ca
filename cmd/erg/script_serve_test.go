package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

// servers are those that scripts have started, by the directory.
var servers sync.Map

// cmdServe implements "serve DIR VAR": a server for the files of a directory,
// whose URL goes into a variable. For a directory it answers with its file
// "index", in which {url} stands for the URL. "! serve DIR" ends the server.
func cmdServe(ts *testscript.TestScript, neg bool, args []string) {
	if neg && len(args) == 1 {
		if s, ok := servers.LoadAndDelete(ts.MkAbs(args[0])); ok {
			s.(*httptest.Server).Close()
		}
		return
	}
	needArgs(ts, neg, len(args) == 2, "serve DIR VAR")
	dir := ts.MkAbs(args[0])
	var s *httptest.Server
	s = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := filepath.Join(dir, filepath.FromSlash(filepath.Clean("/"+r.URL.Path)))
		if fi, err := os.Stat(name); err == nil && fi.IsDir() {
			b, err := os.ReadFile(filepath.Join(name, "index"))
			if err != nil {
				http.NotFound(w, r)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			w.Write(bytes.ReplaceAll(b, []byte("{url}"), []byte(s.URL)))
			return
		}
		http.ServeFile(w, r, name)
	}))
	servers.Store(dir, s)
	ts.Defer(s.Close)
	ts.Setenv(args[1], s.URL)
}
