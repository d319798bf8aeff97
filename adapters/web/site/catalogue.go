package site

import (
	"context"
	"net/http"

	"github.com/gable-listings/gable/adapters/web/viewcache"
	"github.com/gable-listings/gable/domain/freshness"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
	"github.com/gorilla/mux"
)

const (
	catalogueRoute = "/"
	listingRoute   = "/listings/{id}"
	catalogueKey   = "catalogue?"
	listingKey     = "listing/"
	// cataloguePage is how many listings a page shows: whole rows of two, three or four.
	cataloguePage = 24
	// Around a listing its neighbours are shown, so many at most and no further away.
	neighbours   = 24
	neighbourKM  = 3.0
	neighbourTop = 6 // of them as cards
)

// results is the body of the catalogue's page.
type results struct {
	Form     *searchForm
	Listings []property.Property
	Count    int64
	Next     string // address of the following page; "" when there is none
	Plan     *plan
}

// catalogue answers GET /.
func (s *Site) catalogue(w http.ResponseWriter, r *http.Request) error {
	form := readForm(catalogueRoute, r.URL.RawQuery)
	search, ok := form.search(cataloguePage)
	if !ok {
		s.write(w, r, http.StatusBadRequest, "catalogue", s.catalogueFrame(&results{Form: &form}))
		return nil
	}
	return s.Views.Serve(w, r, catalogueKey+form.key(), func(ctx context.Context) (viewcache.Answer, ports.ReadInfo, error) {
		count, info, err := s.Catalog.Count(ctx, &search.Filter) // dearer: a busy server refuses it before anything is spent
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
			found.Plan = newPlan(page.Properties, property.ID{})
			if next := search.NextCursor(page); next != "" {
				found.Next = form.with("cursor", next)
			}
			return s.answer(catalogueRoute, "catalogue", s.catalogueFrame(found))
		}), info, nil
	})
}

func (s *Site) catalogueFrame(found *results) frame {
	return frame{
		Title: "Homes and places", Body: found, Canonical: s.absolute(found.Form.Start()),
		Description: "Search homes and places for sale and to rent, always as they are now.",
	}
}

// answer is a page as the view cache keeps it.
func (s *Site) answer(route, name string, f frame) viewcache.Answer {
	return viewcache.Answer{ContentType: htmlType, Route: route, Policy: policy, Body: s.pages.render(name, f)}
}

// absolute is an address of this site for use elsewhere; "" when nobody has said where the site is.
func (s *Site) absolute(path string) string {
	if s.PublicURL == nil {
		return ""
	}
	return s.PublicURL.Scheme + "://" + s.PublicURL.Host + s.Base + path
}

// details is the body of a listing's page.
type details struct {
	*property.Property
	Near   []property.Property // other listings around it, nearest first not promised
	Around string              // address of the search for all of them
	Plan   *plan
}

// listing answers GET /listings/{id}.
func (s *Site) listing(w http.ResponseWriter, r *http.Request) error {
	id, err := property.ParseID(mux.Vars(r)["id"])
	if err != nil {
		return errNoPage
	}
	return s.Views.Serve(w, r, listingKey+id.String(), func(ctx context.Context) (viewcache.Answer, ports.ReadInfo, error) {
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
			d.Around = catalogueRoute + "?" + search.Filter.String()
		}
		answer := s.answer(listingRoute, "listing", s.listingFrame(d))
		answer.Depends = depends
		return answer, info, nil
	})
}

// around is the search for what lies near a place.
func around(at property.Coordinates) *property.Search {
	return &property.Search{
		Filter: property.Filter{Near: property.Some(property.Circle{Center: at, RadiusKM: neighbourKM})},
		Sort:   property.DefaultSort, Limit: neighbours,
	}
}

// show takes over what was found around the listing, which may not be among it when there is much.
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
	d.Plan = newPlan(drawn, d.ID)
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
