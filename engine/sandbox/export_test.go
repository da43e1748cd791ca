package sandbox

var RemountReadOnly = remountReadOnly
