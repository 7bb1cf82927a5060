package oauth

import "testing"

func TestBaseURI(t *testing.T) {
	for _, tt := range []struct{ name, address, want string }{
		{"case of scheme and host", "HTTPS://Events.Example.COM/Path", "https://events.example.com/Path"},
		{"default port of https", "https://example.com:443/a", "https://example.com/a"},
		{"default port of http", "http://example.com:80/a", "http://example.com/a"},
		{"the other scheme's port", "http://example.com:443/a", "http://example.com:443/a"},
		{"other port", "https://example.com:8443/a", "https://example.com:8443/a"},
		{"empty port", "https://example.com:/a", "https://example.com/a"},
		{"IPv6", "http://[::1]:80/a", "http://[::1]/a"},
		{"no path", "https://example.com", "https://example.com/"},
		{"path as it was written", "https://example.com/a%2Fb/%7Ec", "https://example.com/a%2Fb/%7Ec"},
		{"query and fragment", "https://example.com/a?b=c#d", "https://example.com/a"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := baseURI(parse(t, tt.address))
			if err != nil || got != tt.want {
				t.Errorf("baseURI(%s) = %q, %v; want %q", tt.address, got, err, tt.want)
			}
		})
	}
	for _, address := range []string{"/only/a/path", "ftp://example.com/a", "https:///a"} {
		if got, err := baseURI(parse(t, address)); err == nil {
			t.Errorf("baseURI(%s) = %q, want an error", address, got)
		}
	}
}

func TestBaseStringParameters(t *testing.T) {
	for _, tt := range []struct{ name, query, want string }{
		{"plus and percent are a space", "a=b+c%20d", "a=b%20c%20d"},
		{"decoded once", "a=%2525", "a=%2525"},
		{"repeated name, sorted by value", "a=z&a=b&a=b", "a=b&a=b&a=z"},
		{"no value", "b&a=", "a=&b="},
		{"empty pieces", "&&a=1&", "a=1"},
		{"second equals sign", "a=b=c", "a=b%3Dc"},
		{"semicolon", "a=b;c", "a=b%3Bc"},
		{"lower-case digits", "a=%c3%a9", "a=%C3%A9"},
		{"sorted by encoded bytes", "a~=1&a%2F=2&aa=3", "a%2F=2&aa=3&a~=1"},
		{"signature in the query", "a=1&oauth_signature=x", "a=1"},
		{"realm of the query counts", "realm=x", "realm=x"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			address := parse(t, "https://example.com/?"+tt.query)
			got, err := BaseString("get", address, []Param{{"realm", "r"}, {"oauth_signature", "s"}})
			want := "GET&https%3A%2F%2Fexample.com%2F&" + encode(tt.want)
			if err != nil || got != want {
				t.Errorf("got %s, %v\nwant %s", got, err, want)
			}
		})
	}
	if got, err := BaseString("GET", parse(t, "https://example.com/?a=%zz"), nil); err == nil {
		t.Errorf("BaseString of a broken query = %q, want an error", got)
	}
}
