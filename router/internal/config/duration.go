package config

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

// parseDuration reads "90s", "1h30m" and, which Go does not, days: "365d",
// "1d12h". The result is above zero.
func parseDuration(text string) (time.Duration, error) {
	var days time.Duration
	rest := text
	if before, after, found := strings.Cut(text, "d"); found {
		n, err := strconv.ParseUint(before, 10, 32)
		if err != nil || n > uint64(math.MaxInt64/(24*time.Hour)) {
			return 0, errNoDuration
		}
		days, rest = time.Duration(n)*24*time.Hour, after
	}
	var d time.Duration
	if rest != "" || days == 0 {
		var err error
		if d, err = time.ParseDuration(rest); err != nil {
			return 0, errNoDuration
		}
	}
	if d < 0 || d > math.MaxInt64-days || d+days == 0 {
		return 0, errors.New("it must be longer than nothing")
	}
	return d + days, nil
}

var errNoDuration = errors.New(`write a number and a unit: "30s", "10m", "24h" or "365d"`)

// WriteDuration writes a duration of whole seconds as an operator would.
func WriteDuration(d time.Duration) string {
	const day = 24 * time.Hour
	if d > 3*day && d%day == 0 {
		return strconv.Itoa(int(d/day)) + "d"
	}
	text := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = text[:len(text)-2]
		}
	}
	return text
}
