package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
)

const (
	// maxFileBytes is far above a file of 10,000 routes; what is larger was
	// named by mistake. So is a directory with more than maxDirBytes in all.
	maxFileBytes = 8 << 20
	maxDirBytes  = 64 << 20
	// readTries bounds how often a file is read that changes meanwhile.
	readTries = 3
)

// readFiles reads and parses the file at path, or the *.hcl and *.hcl.json files
// of the directory at path. It returns the files by the names that diagnostics
// show, and the directory that relative paths start from.
func readFiles(path string) (map[string]*hcl.File, string, hcl.Diagnostics) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, "", hcl.Diagnostics{unreadable(path, err)}
	}
	names, dir := []string{path}, filepath.Dir(path)
	if info.IsDir() {
		dir = path
		if names, err = configNames(path); err != nil {
			return nil, "", hcl.Diagnostics{unreadable(path, err)}
		}
		if len(names) == 0 {
			return nil, "", hcl.Diagnostics{{
				Severity: hcl.DiagError,
				Summary:  "No configuration in the directory",
				Detail:   fmt.Sprintf("%s has no file whose name ends in .hcl or .hcl.json.", path),
			}}
		}
	}
	files := map[string]*hcl.File{}
	var diags hcl.Diagnostics
	total := 0
	for _, name := range names {
		src, err := readCapped(name)
		if total += len(src); err == nil && total > maxDirBytes {
			err = fmt.Errorf("with it the directory holds more than %d bytes", maxDirBytes)
		}
		if err != nil {
			diags = append(diags, unreadable(name, err))
			continue
		}
		file, more := parse(src, name, hcl.InitialPos)
		diags = append(diags, firstErrors(more)...)
		if file != nil {
			files[name] = file
		}
	}
	return files, dir, diags
}

// maxSyntaxErrors of a file are shown: what comes behind a quote that is missing
// is read the wrong way round, and every line of it is an error.
const maxSyntaxErrors = 2

// firstErrors are the first of a file's syntax errors, in its order, one a line.
func firstErrors(diags hcl.Diagnostics) hcl.Diagnostics {
	if len(diags) <= maxSyntaxErrors {
		return diags
	}
	diags = slices.Clone(diags)
	slices.SortStableFunc(diags, func(a, b *hcl.Diagnostic) int { return rangeOf(a).Start.Byte - rangeOf(b).Start.Byte })
	lines := slices.CompactFunc(slices.Clone(diags), func(a, b *hcl.Diagnostic) bool { return rangeOf(a).Start.Line == rangeOf(b).Start.Line })
	shown := lines[:min(len(lines), maxSyntaxErrors)]
	if more := len(lines) - len(shown); more > 0 {
		shown[len(shown)-1].Detail += fmt.Sprintf(" (%d more lines of this file have errors, which may follow from this.)", more)
	}
	return shown
}

// configNames are the names in a directory that a configuration is read from.
func configNames(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	var names []string
	for _, entry := range entries {
		name := entry.Name()
		if (strings.HasSuffix(name, ".hcl") || strings.HasSuffix(name, ".hcl.json")) && !strings.HasPrefix(name, ".") {
			names = append(names, filepath.Join(dir, name))
		}
	}
	return names, err
}

// unreadable says why a file could not be read, and for a link where it leads.
func unreadable(path string, err error) *hcl.Diagnostic {
	reason := err.Error()
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		reason = pathErr.Err.Error()
	}
	target, linkErr := os.Readlink(path)
	switch {
	case linkErr != nil && errors.Is(err, fs.ErrPermission):
		reason += fmt.Sprintf(". It is read as user %d; let that user read it", os.Geteuid())
	case linkErr != nil:
	case errors.Is(err, syscall.ELOOP):
		reason = fmt.Sprintf("it is a link to %s, and the links lead in a circle", target)
	case errors.Is(err, fs.ErrNotExist):
		reason = fmt.Sprintf("it is a link to %s, which is not there", target)
	default:
		reason = fmt.Sprintf("it is a link to %s: %s", target, reason)
	}
	return &hcl.Diagnostic{
		Severity: hcl.DiagError,
		Summary:  "The configuration can't be read",
		Detail:   fmt.Sprintf("Reading %s failed: %s.", path, reason),
	}
}

// readCapped reads a file of a configuration.
func readCapped(name string) ([]byte, error) { return readText(name, maxFileBytes) }

// readText reads a file of text as it was at one moment.
func readText(name string, limit int) ([]byte, error) {
	return readStill(readTries, func() ([]byte, bool, error) { return readOnce(name, limit) })
}

// readStill asks read again while it says that the file has changed.
func readStill(tries int, read func() (src []byte, changed bool, err error)) ([]byte, error) {
	for range tries {
		src, changed, err := read()
		if err != nil || !changed {
			return src, err
		}
	}
	return nil, errors.New("it changes while it is read. Write it beside its place, then rename it")
}

// readOnce reads a regular file, and reports whether it changed meanwhile. What
// is none may have no end, or keep its reader waiting.
func readOnce(name string, limit int) (src []byte, changed bool, err error) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) // of a pipe, opening waits for a writer too
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	before, err := f.Stat()
	if err != nil {
		return nil, false, err
	}
	if before.IsDir() {
		return nil, false, errors.New("it is a directory, and not a file. Of a configuration's directory only the files are read, and none below it")
	}
	if !before.Mode().IsRegular() {
		return nil, false, errors.New("it is a device, a pipe or a socket, and not a file")
	}
	src, err = io.ReadAll(io.LimitReader(f, int64(limit)+1))
	if err != nil {
		return nil, false, err
	}
	if len(src) > limit {
		return nil, false, tooLong(limit)
	}
	after, err := f.Stat()
	if err != nil {
		return nil, false, err
	}
	return src, after.Size() != before.Size() || !after.ModTime().Equal(before.ModTime()), nil
}

func tooLong(limit int) error {
	if limit == maxFileBytes {
		return fmt.Errorf("it is larger than %d bytes; split it into several files of one directory", limit)
	}
	return fmt.Errorf("it is larger than %d bytes", limit)
}

// normalise takes a byte order mark away, and makes line ends LF, so that texts
// of several lines are the same on every system. Places stay what they are in
// the file, but for the bytes.
func normalise(src []byte) []byte {
	src = bytes.TrimPrefix(src, []byte("\xef\xbb\xbf"))
	if !bytes.Contains(src, []byte("\r\n")) {
		return src
	}
	return carriageReturns.ReplaceAll(src, []byte("\n"))
}

// notText finds the first byte that text can't have.
func notText(src []byte, name string, start hcl.Pos) *hcl.Diagnostic {
	if bytes.HasPrefix(src, []byte("\xff\xfe")) || bytes.HasPrefix(src, []byte("\xfe\xff")) {
		return errorAt(placeOf(src, name, start, 0), "Not text in UTF-8", "The file is in UTF-16. Save it as UTF-8.")
	}
	at, what := bytes.IndexByte(src, 0), "is a zero byte. It looks like no text at all"
	for i := 0; i < len(src) && (at < 0 || i < at); {
		c, size := utf8.DecodeRune(src[i:])
		if c == utf8.RuneError && size == 1 {
			at, what = i, fmt.Sprintf("(0x%02x) is not UTF-8. The file is in another encoding, Latin-1 say; save it as UTF-8", src[i])
			break
		}
		i += size
	}
	if at < 0 {
		return nil
	}
	rng := placeOf(src, name, start, at)
	return errorAt(rng, "Not text in UTF-8", "The byte in line %d, column %d %s.", rng.Start.Line, rng.Start.Column, what)
}

// placeOf is the place of a byte.
func placeOf(src []byte, name string, start hcl.Pos, at int) hcl.Range {
	line := bytes.LastIndexByte(src[:at], '\n') + 1
	pos := hcl.Pos{Line: start.Line + bytes.Count(src[:at], []byte{'\n'}), Column: 1 + utf8.RuneCount(src[line:at]), Byte: start.Byte + at}
	if line == 0 {
		pos.Column += start.Column - 1
	}
	end := pos
	end.Column++
	end.Byte++
	return hcl.Range{Filename: name, Start: pos, End: end}
}

// inOrder returns the files in the order of their names, which is the order of
// routes.
func inOrder(files map[string]*hcl.File) []*hcl.File {
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	out := make([]*hcl.File, len(names))
	for i, name := range names {
		out[i] = files[name]
	}
	return out
}
