package porttest

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gable-listings/gable/adapters/memory"
	"github.com/gable-listings/gable/domain/property"
	"github.com/gable-listings/gable/ports"
)

func TestWrongChangeHistoriesAreNoticed(t *testing.T) {
	for _, w := range wrongHistories {
		testWrong(t, w, historyCases, func(r reporter, bend func(ports.ChangeHistory) ports.ChangeHistory) archive {
			repo := memory.NewPropertyRepository(time.Now)
			return archive{stream{shelf{r, repo}, memory.NewChangeFeed(repo)}, bend(memory.NewChangeHistory(repo))}
		})
	}
}

// historyFunc is a ChangeHistory that is a function.
type historyFunc func(ctx context.Context, id property.ID, before int64, limit int) (ports.HistoryPage, error)

func (r historyFunc) History(ctx context.Context, id property.ID, before int64, limit int) (ports.HistoryPage, error) {
	return r(ctx, id, before, limit)
}

type bentHistory = func(ports.ChangeHistory) ports.ChangeHistory

// withHistoryPages changes the pages of histories.
func withHistoryPages(bend func(id property.ID, limit int, page *ports.HistoryPage)) bentHistory {
	return func(right ports.ChangeHistory) ports.ChangeHistory {
		return historyFunc(func(ctx context.Context, id property.ID, before int64, limit int) (ports.HistoryPage, error) {
			page, err := right.History(ctx, id, before, limit)
			bend(id, limit, &page)
			return page, err
		})
	}
}

// withActors changes the actors of histories.
func withActors(bend func(actor string) string) bentHistory {
	return withHistoryPages(func(_ property.ID, _ int, page *ports.HistoryPage) {
		for i := range page.Changes {
			page.Changes[i].Actor = bend(page.Changes[i].Actor)
		}
	})
}

// withQuery changes the arguments of queries.
func withQuery(bend func(ctx context.Context, before int64, limit int) (context.Context, int64, int)) bentHistory {
	return func(right ports.ChangeHistory) ports.ChangeHistory {
		return historyFunc(func(ctx context.Context, id property.ID, before int64, limit int) (ports.HistoryPage, error) {
			ctx, before, limit = bend(ctx, before, limit)
			return right.History(ctx, id, before, limit)
		})
	}
}

// withoutChanges leaves some changes out of histories.
func withoutChanges(lost func(property.Change) bool) bentHistory {
	return withHistoryPages(func(_ property.ID, _ int, page *ports.HistoryPage) {
		page.Changes = slices.DeleteFunc(page.Changes, lost)
	})
}

const newestFirst, inPages = "a_history_comes_newest_first", "pages_of_any_size_give_the_same_history"

var wrongHistories = []wrong[ports.ChangeHistory]{
	{"the oldest change comes first",
		withHistoryPages(func(_ property.ID, _ int, page *ports.HistoryPage) { slices.Reverse(page.Changes) }),
		[]string{newestFirst}, []string{"*"}},
	{"the newest change comes twice", withHistoryPages(func(_ property.ID, limit int, page *ports.HistoryPage) {
		if n := len(page.Changes); n > 0 && n < limit {
			page.Changes = append(page.Changes[:1:1], page.Changes...)
		}
	}), []string{newestFirst, "what_changed_nothing_is_in_no_history"}, []string{"*"}},
	{"deletes are lost", withoutChanges(func(c property.Change) bool { return c.Op == property.OpDelete }),
		[]string{newestFirst, "a_deleted_listing_has_a_history"}, []string{"*"}},
	{"a history begins with the last creation", withHistoryPages(func(_ property.ID, _ int, page *ports.HistoryPage) {
		if born := slices.IndexFunc(page.Changes,
			func(c property.Change) bool { return c.Op == property.OpInsert }); born >= 0 {
			page.Changes, page.Next = page.Changes[:born+1], 0
		}
	}), []string{newestFirst, inPages, "a_deleted_listing_has_a_history"}, nil},
	{"a deleted listing has no history", func(right ports.ChangeHistory) ports.ChangeHistory {
		return historyFunc(func(ctx context.Context, id property.ID, before int64, limit int) (ports.HistoryPage, error) {
			newest, err := right.History(ctx, id, 0, 1)
			if len(newest.Changes) == 1 && newest.Changes[0].Op == property.OpDelete {
				return ports.HistoryPage{}, err
			}
			return right.History(ctx, id, before, limit)
		})
	}, []string{"a_deleted_listing_has_a_history"}, []string{"*"}},
	{"an empty history is an error", func(right ports.ChangeHistory) ports.ChangeHistory {
		return historyFunc(func(ctx context.Context, id property.ID, before int64, limit int) (ports.HistoryPage, error) {
			page, err := right.History(ctx, id, before, limit)
			if err == nil && len(page.Changes) == 0 {
				err = property.ErrNotFound
			}
			return page, err
		})
	}, []string{"an_unknown_listing_has_no_history"}, []string{"*"}},
	{"the images before are lost", withHistoryPages(func(_ property.ID, _ int, page *ports.HistoryPage) {
		for i := range page.Changes {
			page.Changes[i].Before = nil
		}
	}), []string{newestFirst}, []string{"*"}},
	{"changes have no time", withHistoryPages(func(_ property.ID, _ int, page *ports.HistoryPage) {
		for i := range page.Changes {
			page.Changes[i].At = time.Time{}
		}
	}), []string{newestFirst}, []string{"*"}},
	{"pages are too long", withQuery(func(ctx context.Context, before int64, limit int) (context.Context, int64, int) {
		return ctx, before, limit + 1
	}), []string{inPages}, []string{"*"}},
	{"every page is the first", withQuery(func(ctx context.Context, _ int64, limit int) (context.Context, int64, int) {
		return ctx, 0, limit
	}), []string{inPages}, []string{"*"}},
	{"a page repeats the last change",
		withQuery(func(ctx context.Context, before int64, limit int) (context.Context, int64, int) {
			if before != 0 && limit > 1 {
				before++
			}
			return ctx, before, limit
		}), []string{inPages}, nil},
	{"next is never set", withHistoryPages(func(_ property.ID, _ int, page *ports.HistoryPage) { page.Next = 0 }),
		[]string{inPages}, []string{"*"}},
	{"next is set on a full page", withHistoryPages(func(_ property.ID, limit int, page *ports.HistoryPage) {
		if n := len(page.Changes); n == limit && page.Next == 0 && page.Changes[n-1].Tx > 1 {
			page.Next = 1
		}
	}), []string{inPages}, []string{"*"}},
	{"no change has an actor", withActors(func(string) string { return "" }), []string{"every_change_has_its_actor"},
		[]string{"*"}},
	{"all changes have one actor", withActors(func(string) string { return "gable" }),
		[]string{"every_change_has_its_actor", "writers_at_once_keep_their_names"}, []string{"*"}},
	{"deletes have no actor", withHistoryPages(func(_ property.ID, _ int, page *ports.HistoryPage) {
		for i := range page.Changes {
			if page.Changes[i].Op == property.OpDelete {
				page.Changes[i].Actor = ""
			}
		}
	}), []string{"every_change_has_its_actor"}, nil},
	{"an actor stays until the next one", func(right ports.ChangeHistory) ports.ChangeHistory {
		last := ""
		return withActors(func(actor string) string {
			if actor != "" {
				last = actor
			}
			return last
		})(historyFunc(func(ctx context.Context, id property.ID, before int64, limit int) (ports.HistoryPage, error) {
			page, err := right.History(ctx, id, before, limit)
			for _, c := range page.Changes {
				last = c.Actor
			}
			return page, err
		}))
	}, []string{"a_missing_actor_is_not_the_one_before"}, []string{"*"}},
	{"a missing actor is replaced by the last one", withActors(func(actor string) string {
		if actor == "" {
			return "four"
		}
		return actor
	}), []string{"writers_at_once_keep_their_names"}, nil},
	{"names are mixed up", withActors(func(actor string) string { return strings.ReplaceAll(actor, "two", "one") }),
		[]string{"writers_at_once_keep_their_names"}, nil},
	{"names lose their quotes", withActors(func(actor string) string { return strings.ReplaceAll(actor, "'", "") }),
		[]string{"an_actor_is_text_like_any_other"}, nil},
	{"names are tidied", withActors(strings.TrimSpace), []string{"an_actor_is_text_like_any_other"}, nil},
	{"names are cut by bytes", withActors(func(actor string) string { return actor[:min(len(actor), ports.MaxActor)] }),
		[]string{"a_long_actor_is_cut"}, nil},
	{"pruned changes are remembered", func(right ports.ChangeHistory) ports.ChangeHistory {
		longest := map[property.ID]ports.HistoryPage{}
		return withHistoryPages(func(id property.ID, limit int, page *ports.HistoryPage) {
			if limit > 1 && len(page.Changes) >= len(longest[id].Changes) {
				longest[id] = *page
			}
			if limit > 1 {
				*page = longest[id]
			}
		})(right)
	}, []string{"pruned_changes_leave_every_history"}, []string{"*"}},
	{"contexts are ignored", withQuery(func(ctx context.Context, before int64, limit int) (context.Context, int64, int) {
		return context.WithoutCancel(ctx), before, limit
	}), []string{"a_history_ends_with_its_context"}, nil},
}
