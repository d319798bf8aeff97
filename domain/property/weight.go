package property

// The memory of values apart from their texts, in bytes, rounded up.
const (
	listingWeight = 512 // a Property
	photoWeight   = 16  // the header of a text
	changeWeight  = 256 // a Change
)

// Weight is about how many bytes of memory the listing takes. It depends on the listing's values alone, so that
// every store ends a page at the same listing.
func (p *Property) Weight() int {
	n := listingWeight + len(p.Reference) + len(p.Source) + len(p.Title) + len(p.Description) + len(p.Location)
	for _, photo := range p.Photos {
		n += photoWeight + len(photo)
	}
	return n
}

// Weight is about how many bytes of memory the change takes once it is compact.
func (c *Change) Weight() int {
	n := changeWeight
	if c.After != nil {
		n += c.After.Weight()
	}
	if c.Before == nil {
		return n
	}
	n += listingWeight + len(c.Before.Reference) + len(c.Before.Source)
	before, after := c.Before.searchedTexts(), c.After.searchedTexts()
	for i, text := range before {
		if after[i] == nil || *after[i] != *text {
			n += len(*text)
		}
	}
	return n
}

// Compact is the change with only as much of Before as filters, sorts and counts need. Texts that the change did
// not alter, which are the bulk of most listings, are in memory once.
func (c *Change) Compact() Change {
	compact := *c
	if c.Before == nil {
		return compact
	}
	before := *c.Before
	before.Photos = nil
	after := c.After.searchedTexts()
	for i, text := range before.searchedTexts() {
		if after[i] != nil && *after[i] == *text {
			*text = *after[i]
		}
	}
	compact.Before = &before
	return compact
}

// searchedTexts are the texts of a listing that filters search; nil pointers without a listing.
func (p *Property) searchedTexts() (texts [3]*string) {
	if p != nil {
		texts = [3]*string{&p.Title, &p.Description, &p.Location}
	}
	return texts
}
