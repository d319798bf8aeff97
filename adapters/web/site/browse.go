package site

import (
	"context"
	"net/http"

	"github.com/gorilla/mux"

	"github.com/gable-listings/gable/adapters/web/viewcache"
	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

const (
	browseRoute  = "/"
	listingRoute = "/listings/{id}"
	browseKey    = "browse?"
	listingKey   = "listing/"
	// browsePageSize is the number of listings on a page: whole rows of two, three or four.
	browsePageSize = 24
	// A listing's page shows its neighbours: at most so many, and within this distance.
	neighbours   = 24
	neighbourKM  = 3.0
	neighbourTop = 6 // shown as cards
)

// results is the body of the public page of listings.
type results struct {
	Form     *searchForm
	Listings []property.Property
	Count    int64
	Next     string // address of the next page; "" on the last one
	Plan     *areaMap
}

// browse answers GET /.
func (s *Site) browse(w http.ResponseWriter, r *http.Request) error {
	form := readForm(browseRoute, r.URL.RawQuery)
	search, ok := form.search(browsePageSize)
	if !ok {
		s.write(w, r, http.StatusBadRequest, "browse", s.browseFrame(&results{Form: &form}))
		return nil
	}
	return s.Views.Serve(w, r, browseKey+form.key(), func(ctx context.Context) (viewcache.Answer, ports.ReadInfo, error) {
		count, info, err := s.Catalog.Count(ctx, &search.Filter) // first: it costs more, and a busy server refuses it at once
		if err != nil {
			return viewcache.Answer{}, info, err
		}
		page, searched, err := s.Catalog.Search(ctx, search)
		info = info.And(searched)
		if err != nil {
			return viewcache.Answer{}, info, err
		}
		return s.Views.PageAnswer(search, page, count, func(page *property.Page, count int64) viewcache.Answer {
			found := &results{Form: &form, Listings: page.Properties, Count: count}
			found.Plan = newAreaMap(page.Properties, property.ID{})
			if next := search.NextCursor(page); next != "" {
				found.Next = form.with("cursor", next)
			}
			return s.answer(browseRoute, "browse", s.browseFrame(found))
		}), info, nil
	})
}

func (s *Site) browseFrame(found *results) frame {
	return frame{
		Title: "Homes and places", Body: found, Canonical: s.absolute(found.Form.Start()),
		Description: "Search homes and places for sale and to rent, always as they are now.",
	}
}

// answer renders a page for the view cache.
func (s *Site) answer(route, name string, f frame) viewcache.Answer {
	return viewcache.Answer{ContentType: htmlType, Route: route, Policy: policy, Body: s.pages.render(name, f)}
}

// absolute returns the full URL of a path of this site; "" without a configured public URL.
func (s *Site) absolute(path string) string {
	if s.PublicURL == nil {
		return ""
	}
	return s.PublicURL.Scheme + "://" + s.PublicURL.Host + s.Base + path
}

// details is the body of a listing's page.
type details struct {
	*property.Property
	Near   []property.Property // other listings around it, in no particular order
	Around string              // address of the search that finds all of them
	Plan   *areaMap
}

// listing answers GET /listings/{id}.
func (s *Site) listing(w http.ResponseWriter, r *http.Request) error {
	id, err := property.ParseID(mux.Vars(r)["id"])
	if err != nil {
		return errNoPage
	}
	key := listingKey + id.String()
	return s.Views.Serve(w, r, key, func(ctx context.Context) (viewcache.Answer, ports.ReadInfo, error) {
		p, info, err := s.Catalog.Get(ctx, id)
		if err != nil {
			return viewcache.Answer{}, info, err
		}
		d := &details{Property: &p}
		depends := []freshness.Dependency{freshness.OnItem(p.ID)}
		if at, ok := p.Coordinates.Get(); ok {
			search := around(at)
			page, searched, err := s.Catalog.Search(ctx, search)
			info = info.And(searched)
			if err != nil {
				return viewcache.Answer{}, info, err
			}
			depends = append(depends, freshness.OnPage(search, page))
			d.show(page)
			d.Around = browseRoute + "?" + search.Filter.String()
		}
		answer := s.answer(listingRoute, "listing", s.listingFrame(d))
		answer.Depends = depends
		return answer, info, nil
	})
}

// around returns the search for listings near a position.
func around(at property.Coordinates) *property.Search {
	return &property.Search{
		Filter: property.Filter{Near: property.Some(property.Circle{Center: at, RadiusKM: neighbourKM})},
		Sort:   property.DefaultSort, Limit: neighbours,
	}
}

// show adds the listings found around this one. The page may lack the listing itself when there are many.
func (d *details) show(page *property.Page) {
	drawn := []property.Property{*d.Property}
	for _, other := range page.Properties {
		if other.ID == d.ID {
			continue
		}
		drawn = append(drawn, other)
		if len(d.Near) < neighbourTop {
			d.Near = append(d.Near, other)
		}
	}
	d.Plan = newAreaMap(drawn, d.ID)
}

func (s *Site) listingFrame(d *details) frame {
	f := frame{
		Title: d.Title, Description: summary(d.Property), Body: d, Canonical: s.absolute("/listings/" + d.ID.String()),
	}
	if len(d.Photos) > 0 {
		f.Image = d.Photos[0]
	}
	return f
}
