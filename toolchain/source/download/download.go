// Package download gets files by HTTP.
//
// It is what the program erg-fetch does. erg itself does not import it: a web
// client would make each of its starts slower, and few builds fetch anything.
package download

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"erg.build/erg/toolchain/source"
)

// client has the environment's proxies, and no patience with servers that do
// not answer; how long a download takes is the network's affair.
var client = &http.Client{Transport: &http.Transport{
	Proxy:                 http.ProxyFromEnvironment,
	DialContext:           (&net.Dialer{Timeout: 20 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
	TLSHandshakeTimeout:   20 * time.Second,
	ResponseHeaderTimeout: 60 * time.Second,
	ForceAttemptHTTP2:     true,
	DisableCompression:    true, // the bytes that the integrity names are those of the file
}}

// Get writes the file of a URL to w. The error is an *source.DownloadError if it is not w's.
func Get(ctx context.Context, address string, w io.Writer) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return &source.DownloadError{Text: "it is no URL"}
	}
	req.Header.Set("User-Agent", "erg")
	resp, err := client.Do(req)
	if err != nil {
		return unreached(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		again := resp.StatusCode >= 500 || resp.StatusCode == http.StatusTooManyRequests
		return &source.DownloadError{Text: "the server answers " + resp.Status, Again: again}
	}
	body := &reading{r: resp.Body}
	_, err = io.Copy(w, body)
	if body.err != nil {
		return &source.DownloadError{Text: plain(body.err), Again: true, Offline: true}
	}
	return err
}

// unreached words why no server answered. Where there is none, there will be
// none in a second.
func unreached(err error) *source.DownloadError {
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return &source.DownloadError{Text: "the host cannot be found", Again: !dns.IsNotFound, Offline: true}
	}
	return &source.DownloadError{Text: plain(err), Again: !errors.Is(err, syscall.ECONNREFUSED), Offline: true}
}

// plain words an error without the URL, which may hold something secret.
func plain(err error) string {
	var op *net.OpError
	var ue *url.Error
	switch {
	case errors.As(err, &op):
		err = op.Err
	case errors.As(err, &ue):
		err = ue.Err
	}
	return strings.TrimSpace(fmt.Sprint(err))
}

// reading notes the error of a reader, apart from that of who is written to.
type reading struct {
	r   io.Reader
	err error
}

func (r *reading) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}
