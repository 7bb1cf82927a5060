package config

import (
	"errors"
	"math"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// size is a number of bytes; "0" is none.
func (r *reader) size(attr *hcl.Attribute, otherwise int64) int64 {
	text, ok := r.given(attr)
	if !ok {
		return otherwise
	}
	n, err := parseSize(text)
	if err != nil {
		r.add(errorAt(attr.Expr.Range(), "Not a size", "%s can't be %s: %s.", quote(attr.Name), quote(text), err))
		return otherwise
	}
	return n
}

var errNoSize = errors.New(`write a whole number and a unit: "500MB", "10GB" or "1TB", or "0" for no limit`)

// parseSize reads "0", "500MB" and "10GB": powers of a thousand, as disks are
// sold by, and, with an i, of 1024.
func parseSize(text string) (int64, error) {
	if text == "0" {
		return 0, nil
	}
	unit := strings.TrimLeft(text, "0123456789")
	scale := map[string]int64{"MB": 1e6, "GB": 1e9, "TB": 1e12, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}[strings.TrimSpace(unit)]
	n, err := strconv.ParseInt(text[:len(text)-len(unit)], 10, 64)
	if err != nil || scale == 0 || n == 0 || n > math.MaxInt64/scale {
		return 0, errNoSize
	}
	return n * scale, nil
}

// writeSize writes a size of whole gigabytes.
func writeSize(bytes int64) string { return strconv.FormatInt(bytes/1e9, 10) + "GB" }
