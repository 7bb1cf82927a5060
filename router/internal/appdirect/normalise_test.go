package appdirect

import (
	"testing"
)

// TestNormalise has one case for each way that a document may write a value.
func TestNormalise(t *testing.T) {
	for _, tt := range []struct{ name, raw, want string }{
		{"items", `{"order":{"items":[{"unit":"USER","quantity":1}]}}`, `{"order":{"items":[{"quantity":1,"unit":"USER"}]}}`},
		{"item", `{"order":{"item":[{"unit":"USER"},{"unit":"GB"}]}}`, `{"order":{"items":[{"unit":"USER"},{"unit":"GB"}]}}`},
		{"one item", `{"order":{"item":{"unit":"USER"}}}`, `{"order":{"items":[{"unit":"USER"}]}}`},
		{"item in items", `{"order":{"items":{"item":[{"unit":"USER"}]}}}`, `{"order":{"items":[{"unit":"USER"}]}}`},
		{"items win over item", `{"order":{"item":{"unit":"GB"},"items":[{"unit":"USER"}]}}`, `{"order":{"items":[{"unit":"USER"}]}}`},
		{"item where items are empty", `{"order":{"item":{"unit":"GB"},"items":[]}}`, `{"order":{"items":[{"unit":"GB"}]}}`},
		{"no items", `{"order":{"items":[]}}`, `{"order":{}}`},
		{"null among items", `{"order":{"items":[null,{"unit":"GB"}]}}`, `{"order":{"items":[{"unit":"GB"}]}}`},
		{"repeated XML item", `<order><item><unit>A</unit></item><unknown/><item><unit>B</unit></item></order>`, `{"order":{"items":[{"unit":"A"},{"unit":"B"}],"unknown":""}}`},
		{"repeated XML items", `<order><items><unit>A</unit></items><items><unit>B</unit></items></order>`, `{"order":{"items":[{"unit":"A"},{"unit":"B"}]}}`},
		{"XML item in items", `<order><items><item><unit>A</unit></item></items></order>`, `{"order":{"items":[{"unit":"A"}]}}`},
		{"empty XML items", `<order><items/></order>`, `{"order":{}}`},
		{"custom attributes", `<order><customAttributes><name>a</name><value>1</value></customAttributes></order>`, `{"order":{"customAttributes":[{"name":"a","value":"1"}]}}`},

		{"configuration map", `{"configuration":{"a":"b"}}`, `{"configuration":{"a":"b"}}`},
		{"configuration list", `{"configuration":[]}`, `{"configuration":{}}`},
		{"configuration null", `{"configuration":null}`, `{}`},
		{"configuration entries", `{"configuration":{"entry":[{"key":"a","value":"b"},{"key":"c","value":1}]}}`, `{"configuration":{"a":"b","c":"1"}}`},
		{"configuration with one entry", `{"configuration":{"entry":{"key":"a","value":"b"}}}`, `{"configuration":{"a":"b"}}`},
		{"configuration without entries", `{"configuration":{"entry":[]}}`, `{"configuration":{}}`},
		{"configuration list of entries", `{"configuration":[{"key":"a","value":"b"}]}`, `{"configuration":{"a":"b"}}`},
		{"configuration list of something else", `{"configuration":["a"]}`, `{"configuration":["a"]}`},
		{"an answer named entry", `{"configuration":{"entry":"b"}}`, `{"configuration":{"entry":"b"}}`},
		{"an answer named entry beside others", `{"configuration":{"entry":[{"key":"a","value":"b"}],"x":true}}`, `{"configuration":{"entry":[{"key":"a","value":"b"}],"x":"true"}}`},
		{"entry without a value", `{"configuration":{"entry":[{"key":"a"},{"key":"b","value":null}]}}`, `{"configuration":{}}`},
		{"entry with more", `{"configuration":{"entry":[{"key":"a","value":"b","kind":"c"}]}}`, `{"configuration":{"entry":[{"key":"a","kind":"c","value":"b"}]}}`},
		{"the last of equal keys", `{"configuration":{"entry":[{"key":"a","value":"1"},{"key":"a","value":"2"}]}}`, `{"configuration":{"a":"2"}}`},
		{"names of answers are not touched", `{"configuration":{"baseurl":"x","Item":"y"}}`, `{"configuration":{"Item":"y","baseurl":"x"}}`},
		{"answer that is a list", `{"configuration":{"a":["b",1]}}`, `{"configuration":{"a":["b",1]}}`},
		{"empty XML configuration", `<configuration/>`, `{"configuration":{}}`},
		{"XML entries", `<configuration><entry><key>a</key><value>b</value></entry><entry><key>c</key><value/></entry></configuration>`, `{"configuration":{"a":"b","c":""}}`},
		{"XML answers by name", `<configuration><a>b</a></configuration>`, `{"configuration":{"a":"b"}}`},
		{"attributes of a user", `<user><attributes><entry><key>a</key><value>b</value></entry></attributes></user>`, `{"user":{"attributes":{"a":"b"}}}`},

		{"quantity as a text", `{"order":{"items":[{"quantity":"12"}]}}`, `{"order":{"items":[{"quantity":12}]}}`},
		{"big quantity", `{"order":{"items":[{"quantity":"9007199254740993"},{"quantity":9007199254740993}]}}`, `{"order":{"items":[{"quantity":9007199254740993},{"quantity":9007199254740993}]}}`},
		{"negative and broken quantity", `{"order":{"items":[{"quantity":"-1.50"}]}}`, `{"order":{"items":[{"quantity":-1.50}]}}`},
		{"quantity that is no number", `{"order":{"items":[{"quantity":"many"},{"quantity":"007"},{"quantity":"1e3"},{"quantity":""}]}}`, `{"order":{"items":[{"quantity":"many"},{"quantity":"007"},{"quantity":"1e3"},{"quantity":""}]}}`},
		{"text as a number", `{"user":{"address":{"zip":95131}}}`, `{"user":{"address":{"zip":"95131"}}}`},
		{"text as a bool", `{"account":{"status":true}}`, `{"account":{"status":"true"}}`},
		{"bool as a text", `{"order":{"freeTrial":{"active":"FALSE"}}}`, `{"order":{"freeTrial":{"active":false}}}`},
		{"bool that is none", `{"order":{"freeTrial":{"active":"perhaps"}}}`, `{"order":{"freeTrial":{"active":"perhaps"}}}`},

		{"nulls", `{"user":null,"account":{"status":null},"x":{"y":null,"z":[null,{"w":null}]}}`, `{"account":{},"x":{"z":[null,{}]}}`},
		{"XML null", `<user xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/>`, `{}`},
		{"empty XML object", `<account/>`, `{"account":{}}`},
		{"object as an empty list", `{"account":[]}`, `{"account":{}}`},
		{"object of another form", `{"account":"a","order":[1]}`, `{"account":"a","order":[1]}`},
		{"text of another form", `{"account":{"status":{"a":1}}}`, `{"account":{"status":{"a":1}}}`},
		{"white space", `{"account":{" status ":"\n ACTIVE\t"},"x":" y "}`, `{"account":{"status":"ACTIVE"},"x":"y"}`},
		{"XML white space", "<account>\n\t<status>\r\n ACTIVE </status>\n</account>", `{"account":{"status":"ACTIVE"}}`},
		{"lower-case names", `<account><accountidentifier>a</accountidentifier></account><addoninstance><ID>7</ID></addoninstance>`, `{"account":{"accountIdentifier":"a"},"addonInstance":{"id":"7"}}`},
		{"the documented name wins", `{"account":{"accountidentifier":"a","accountIdentifier":"b","ACCOUNTIDENTIFIER":"c"}}`, `{"account":{"accountIdentifier":"b"}}`},
		{"unknown members", `{"x":{"Y":1,"z":[true,"a"]},"account":{"tier":3}}`, `{"account":{"tier":3},"x":{"Y":1,"z":[true,"a"]}}`},
		{"unknown XML members", `<x><y>1</y><z>a</z><z>b</z></x>`, `{"x":{"y":"1","z":["a","b"]}}`},
		{"XML attributes", `<x a="1" a="2"><y b="3">c</y></x>`, `{"x":{"y":"c"}}`},
		{"XML comments, CDATA and entities", `<x>a<!-- b -->c<![CDATA[<d>]]>&amp;&#101;</x>`, `{"x":"ac<d>&e"}`},
		{"characters that HTML would escape", `{"x":"<&>"}`, `{"x":"<&>"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			raw := `{"type":"A","payload":` + tt.raw + `}`
			if tt.raw[0] == '<' {
				raw = `<event><type>A</type><payload>` + tt.raw + `</payload></event>`
			}
			d, err := Decode([]byte(raw))
			if err != nil {
				t.Fatal(err)
			}
			if string(d.Payload) != tt.want {
				t.Errorf("payload\n got %s\nwant %s", d.Payload, tt.want)
			}
		})
	}
}

func TestDecodeEnvelope(t *testing.T) {
	for _, tt := range []struct{ name, raw, want string }{
		{"links of XML", `<event xmlns:a="http://www.w3.org/2005/Atom"><type>A</type><a:link rel="r" href="h"/><a:link rel="r2" href="h2"/></event>`, `{"links":[{"href":"h","rel":"r"},{"href":"h2","rel":"r2"}]}`},
		{"links of JSON", `{"type":"A","links":[{"rel":"r","href":"h"}]}`, `{"links":[{"href":"h","rel":"r"}]}`},
		{"no links", `{"type":"A","links":[]}`, `{}`},
		{"unknown members", `{"type":"A","novelty":{"a":1},"applicationUuid":null}`, `{"novelty":{"a":1}}`},
		{"names and root in other cases", `<EVENT><TYPE>A</TYPE><marketplace><baseurl>b</baseurl></marketplace><applicationuuid>u</applicationuuid></EVENT>`, `{"applicationUuid":"u","marketplace":{"baseUrl":"b"}}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, err := Decode([]byte(tt.raw))
			if err != nil {
				t.Fatal(err)
			}
			if d.Type != "A" || d.Flag != "" || string(d.Payload) != `{}` || string(d.Attributes) != tt.want {
				t.Errorf("got %s %q %s %s, want the attributes %s", d.Type, d.Flag, d.Payload, d.Attributes, tt.want)
			}
		})
	}
}
