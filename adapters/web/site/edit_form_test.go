package site

import (
	"bytes"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"
	"pgregory.net/rapid"

	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports/porttest"
)

// fields returns the values of a form from pairs of name and value.
func fields(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v
}

// Each field of a full listing is typed with surrounding blanks, as people leave them.
func TestEveryFieldOfAListingIsRead(t *testing.T) {
	want := porttest.FullListing(t).Details
	want.Reference, want.Title, want.Description = "r-1", "By the lake", " Two lines,\nor three.\n"
	want.Price, want.Currency, want.Location = 1_250_000_50, "HKD", "Kent, WA"
	want.AreaM2 = property.Some(property.Decimal(1_180_50))
	want.Photos = []string{"https://example.com/1.jpg", "https://example.com/2.jpg"}
	typed := fields(
		"reference", " r-1 ", "title", " By the lake ", "description", " Two lines,\r\nor three.\r\n",
		"price", "$1,250,000.50", "currency", "hkd", "location", " Kent, WA ",
		"offer", "rent", "kind", "room", "status", "sold", "area_m2", "1,180.5",
		"photos", "https://example.com/1.jpg\r\n\r\n  https://example.com/2.jpg  \r\n",
	)
	for _, field := range property.FieldTable() {
		if !typed.Has(field.Name) {
			typed.Set(field.Name, " "+field.Written(&want)+" ")
		}
	}
	f := &editForm{}
	got := f.read(typed)
	if diff := cmp.Diff(want, got); diff != "" || len(f.Wrong) > 0 {
		t.Errorf("%v\n%s", f.Wrong, diff)
	}
}

func TestAFieldThatCannotBeReadHasANoteAndItsText(t *testing.T) {
	f := &editForm{}
	form := fields("price", "1,5", "bedrooms", "two", "bathrooms", "1.123", "area_m2", "big", "latitude", "47,6",
		"longitude", "")
	f.read(form)
	for _, name := range []string{"price", "bedrooms", "bathrooms", "area_m2", "latitude", "longitude"} {
		if f.Wrong[name] == "" || f.Value(name) != form.Get(name) {
			t.Errorf("%s: got the note %q and the text %q", name, f.Wrong[name], f.Value(name))
		}
	}
	empty := &editForm{}
	if d := empty.read(fields("price", " ")); empty.Wrong["price"] == "" || len(empty.Wrong) != 1 || d.Bedrooms.Valid ||
		d.Coordinates.Valid || d.Photos != nil {
		t.Errorf("empty form: %+v, %v", d, empty.Wrong)
	}
	for _, degrees := range []string{"NaN", "Inf", "1e999", "91"} {
		f := &editForm{}
		d := f.read(fields("title", "t", "location", "l", "price", "1", "latitude", degrees, "longitude", "0"))
		if _, err := d.Checked(); err == nil && f.Wrong["latitude"] == "" {
			t.Errorf("a latitude of %s is accepted", degrees)
		}
	}
}

func TestAnInvisibleTextCountsAsNoText(t *testing.T) {
	f := &editForm{}
	d := f.read(fields("title", "\u200b", "price", "\u2060", "area_m2", "\ufeff", "latitude", "\u200b",
		"longitude", "\u3164"))
	if f.Wrong["price"] == "" || len(f.Wrong) != 1 || d.AreaM2.Valid || d.Coordinates.Valid {
		t.Errorf("%+v, %v", d, f.Wrong)
	}
	if _, err := d.Checked(); !f.explain(err) || !strings.Contains(f.Wrong["title"], "empty") {
		t.Errorf("%v", f.Wrong)
	}
}

// A point in degrees is always one before decimals; a comma has the reading named.
func TestDegreesAreTypedWithAPoint(t *testing.T) {
	f := &editForm{}
	d := f.read(fields("price", "1", "latitude", "47.606", "longitude", "\u2212122.330"))
	if at := d.Coordinates.Value; len(f.Wrong) > 0 || at.Latitude != 47.606 || at.Longitude != -122.33 {
		t.Errorf("%+v, %v", at, f.Wrong)
	}
	f = &editForm{}
	f.read(fields("price", "1", "latitude", "47,606", "longitude", "1"))
	if !strings.Contains(f.Wrong["latitude"], "47.606") {
		t.Errorf("%v", f.Wrong)
	}
}

func TestErrorsOfTheRulesStandBesideTheirFields(t *testing.T) {
	f := &editForm{}
	d := f.read(fields("price", "-1", "title", strings.Repeat("x", 201), "photos", "https://example.com/1.jpg\nnowhere",
		"kind", "castle"))
	_, err := d.Checked()
	if !f.explain(err) {
		t.Fatal(err)
	}
	for name, part := range map[string]string{"price": "from 0", "title": "200", "location": "empty",
		"photos": "line 2: ", "kind": "castle"} {
		if !strings.Contains(f.Wrong[name], part) {
			t.Errorf("%s: got the note %q, want one with %q", name, f.Wrong[name], part)
		}
	}
	if f.explain(property.ErrReferenceTaken); f.Wrong["reference"] == "" || f.explain(errNoPage) {
		t.Errorf("%v", f.Wrong)
	}
}

// A form that is opened and sent back as it is changes nothing.
func TestAListingComesBackFromItsFormAsItWas(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		p := porttest.Listings(1).Draw(r, "listing")[0]
		p.Description = rapid.SampledFrom([]string{"", "one\ntwo\n", " spaces ", "tab\there", "<script>\n&amp;"}).
			Draw(r, "description")
		shown := formOf(&p)
		sent := url.Values{}
		for name, values := range shown.Values {
			sent.Set(name, strings.ReplaceAll(values[0], "\n", "\r\n")) // as browsers send lines
		}
		back := &editForm{}
		got := back.read(sent)
		if len(back.Wrong) > 0 {
			r.Fatalf("%v of %v", back.Wrong, sent)
		}
		if diff := cmp.Diff(p.Details, got); diff != "" {
			r.Fatal(diff)
		}
	})
}

// A form that is opened in a browser and saved at once sends the listing as it was.
func TestEveryFieldIsOnThePageOfTheForm(t *testing.T) {
	p := porttest.FullListing(t)
	p.Description = "\n" + p.Description // HTML drops a line break at the beginning of a text unless there are two
	pages, err := newPages("", "v")
	if err != nil {
		t.Fatal(err)
	}
	sent := submitted(t, pages.render("edit", frame{Staff: &staff{Name: "ann"}, Body: formOf(&p)}))
	back := &editForm{}
	got := back.read(sent)
	if diff := cmp.Diff(p.Details, got); diff != "" || len(back.Wrong) > 0 || sent.Get("state") != stateOf(&p) {
		t.Errorf("%v of %v\n%s", back.Wrong, sent, diff)
	}
}

// The number keyboard of a phone may lack a minus.
func TestANumberThatMayBeNegativeHasAKeyboardWithAMinus(t *testing.T) {
	inputs := map[string]input{}
	for _, i := range (&editForm{}).Inputs() {
		inputs[i.Name] = i
		if i.Type == property.WholeField && (i.Room < len(i.Min.Short()) || i.Room < len(i.Max.Short())) {
			t.Errorf("%s has room for %d characters", i.Name, i.Room)
		}
	}
	for name, want := range map[string]bool{
		"floor": false, "latitude": false, "bedrooms": true, "price": true, "title": false,
	} {
		if i := inputs[name]; i.Typed() != want {
			t.Errorf("%s has the keyboard for numbers: %t, want %t", name, !want, want)
		}
	}
}

// submitted returns the fields on the page, as a browser sends them.
func submitted(t *testing.T, page []byte) url.Values {
	t.Helper()
	document, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	sent := url.Values{}
	for n := range document.Descendants() {
		attributes := map[string]string{}
		for _, a := range n.Attr {
			attributes[a.Key] = a.Val
		}
		switch n.Data {
		case "input":
			oneLine := strings.NewReplacer("\r", "", "\n", "").Replace(attributes["value"])
			sent.Add(attributes["name"], oneLine)
		case "textarea":
			text := ""
			if n.FirstChild != nil {
				text = n.FirstChild.Data
			}
			sent.Add(attributes["name"], strings.ReplaceAll(text, "\n", "\r\n"))
		case "option":
			if _, selected := attributes["selected"]; selected {
				sent.Add(attributeOf(n.Parent, "name"), attributes["value"])
			}
		}
	}
	return sent
}

func attributeOf(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func TestANewFormNamesItsCreation(t *testing.T) {
	a, b := formOf(nil), formOf(nil)
	if a.Once == "" || a.Once == b.Once || len(a.Values) > 0 {
		t.Errorf("%+v, %+v", a, b)
	}
}
