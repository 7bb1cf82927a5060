package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"github.com/signalbox/signalbox/router/daemon"
	"github.com/signalbox/signalbox/router/daemon/routes"
)

func newFmtCommand() *cobra.Command {
	f := &formatter{}
	cmd := &cobra.Command{
		Use:   "fmt [PATH…]",
		Short: "Lay out configuration files in the one form",
		Long: `Fmt lays out configuration files: indents, spaces, and what stands below one
another. A PATH is a file, a directory whose *.hcl files are meant, with those of
its directory tests, or - for standard input, which is written to standard output;
by default it is the current directory. Files are replaced whole, and the names of those that changed are
printed. A byte order mark goes, and line ends become LF.

Exit codes: 0 all are laid out so; 1 one is not, with --check or --diff; 2 one
can't be read, is no HCL, or can't be written.`,
		Example: `  signalbox fmt /etc/signalbox/conf.d
  signalbox fmt --check --diff config.hcl`,
		RunE: func(cmd *cobra.Command, args []string) error {
			f.cmd = cmd
			if len(args) == 0 {
				args = []string{"."}
			}
			for _, path := range args {
				f.path(path)
			}
			switch {
			case f.failed:
				return &exit{code: exitUsage}
			case f.differs && (f.check || f.diff):
				return &exit{code: exitNo}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&f.check, "check", false, "write nothing; exit 1 if a file would change, and print its name")
	cmd.Flags().BoolVar(&f.diff, "diff", false, "write nothing; exit 1 if a file would change, and print how")
	return cmd
}

// maxConfigFile is above the largest file that a configuration may have, which
// the refusal names.
const maxConfigFile = 16 << 20

// formatter goes on after a file that it can't lay out.
type formatter struct {
	check, diff     bool
	cmd             *cobra.Command
	failed, differs bool
}

func (f *formatter) fail(err error) {
	f.failed = true
	fmt.Fprintln(f.cmd.ErrOrStderr(), "signalbox:", err)
}

func (f *formatter) path(path string) {
	if path == "-" {
		f.input()
		return
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		f.fail(err)
	case !info.IsDir():
		f.file(path)
	default:
		names, err := configFiles(path)
		tests, testsErr := configFiles(routes.TestDir(path))
		if errors.Is(testsErr, fs.ErrNotExist) {
			testsErr = nil
		}
		if err := errors.Join(err, testsErr); err != nil {
			f.fail(err)
		}
		for _, name := range append(names, tests...) {
			f.file(name)
		}
	}
}

// configFiles are the files of a directory that a configuration, or tests, are
// read from.
func configFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	var names []string
	for _, entry := range entries {
		if name := entry.Name(); strings.HasSuffix(name, ".hcl") && !strings.HasPrefix(name, ".") && !entry.IsDir() {
			names = append(names, filepath.Join(dir, name))
		}
	}
	return names, err
}

// input lays out standard input.
func (f *formatter) input() {
	src, err := io.ReadAll(io.LimitReader(f.cmd.InOrStdin(), maxConfigFile))
	if err != nil {
		f.fail(fmt.Errorf("reading standard input: %w", err))
		return
	}
	text, ok := f.format("standard input", src)
	if ok && !f.check && !f.diff {
		f.print(text)
	}
}

func (f *formatter) file(name string) {
	if strings.HasSuffix(name, ".json") {
		f.fail(fmt.Errorf("%s is JSON: there is nothing that fmt could lay out", name))
		return
	}
	src, err := readConfigFile(name)
	if err != nil {
		f.fail(err)
		return
	}
	text, ok := f.format(name, src)
	if !ok || bytes.Equal(src, text) || f.check || f.diff {
		return
	}
	if err := replaceFile(name, text); err != nil {
		f.fail(fmt.Errorf("writing %s: %w", name, err))
		return
	}
	f.print([]byte(name + "\n"))
}

// format lays out a text, and shows what is asked for.
func (f *formatter) format(name string, src []byte) ([]byte, bool) {
	formatted, diags := daemon.Format(name, src)
	showDiagnostics(f.cmd)(diags)
	if diags.HasErrors() {
		f.failed = true
		return nil, false
	}
	if formatted.HadBOM {
		fmt.Fprintf(f.cmd.ErrOrStderr(), "%s: it begins with a byte order mark, which is taken out\n", name)
	}
	if formatted.HadCRLF {
		fmt.Fprintf(f.cmd.ErrOrStderr(), "%s: its line ends are CRLF; they become LF, also in texts of several lines\n", name)
	}
	if bytes.Equal(src, formatted.Text) {
		return formatted.Text, true
	}
	f.differs = true
	switch {
	case f.diff:
		f.print(diff.Diff(name, src, name+" (formatted)", formatted.Text))
	case f.check:
		f.print([]byte(name + "\n"))
	}
	return formatted.Text, true
}

func (f *formatter) print(text []byte) {
	if _, err := f.cmd.OutOrStdout().Write(text); err != nil {
		f.fail(err)
	}
}

func readConfigFile(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	src, err := io.ReadAll(io.LimitReader(file, maxConfigFile))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return src, nil
}

// replaceFile writes a file beside the one that it replaces, with its mode, and
// puts it in its place: whoever reads at the same time reads one or the other.
// Of a link, the file it leads to is replaced.
func replaceFile(name string, text []byte) (err error) {
	if name, err = filepath.EvalSymlinks(name); err != nil {
		return err
	}
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(temp.Name())
		}
	}()
	_, err = temp.Write(text)
	err = errors.Join(err, temp.Chmod(info.Mode().Perm()), keepOwner(temp, info), temp.Sync(), temp.Close())
	if err != nil {
		return err
	}
	return os.Rename(temp.Name(), name)
}

// keepOwner gives a file the owner that the one it replaces has. Only root may
// give a file away; anybody else's file stays as it is.
func keepOwner(file *os.File, old os.FileInfo) error {
	was, ok := old.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if now, ok := info.Sys().(*syscall.Stat_t); ok && (now.Uid != was.Uid || now.Gid != was.Gid) {
		return file.Chown(int(was.Uid), int(was.Gid))
	}
	return nil
}
