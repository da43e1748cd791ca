package source

// A DownloadError says why a file could not be had.
type DownloadError struct {
	Text    string // for people, without the URL
	Again   bool   // it may go better the next time
	Offline bool   // no server was reached
}

func (e *DownloadError) Error() string { return e.Text }
