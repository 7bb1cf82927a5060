//go:build !unix

package sdk

import "os"

// takeStdout leaves descriptors as they are, where they can't be moved.
func takeStdout() (*os.File, error) { return os.Stdout, nil }
