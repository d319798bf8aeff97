package e2e

import (
	"context"
	"testing"
	"time"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"github.com/gable-listings/gable/app/accounts"
	"github.com/gable-listings/gable/app/apptest"
	"github.com/gable-listings/gable/app/server"
	"github.com/gable-listings/gable/domain/access"
	"github.com/gable-listings/gable/ports"
)

func TestAServerHasWhatItsPagesNeedToSignPeopleIn(t *testing.T) {
	database, cache := apptest.Embedded.URLs(t)
	var accounts *accounts.Accounts
	var repository ports.AccountRepository
	var sessions ports.SessionRepository
	var hasher ports.PasswordHasher
	app := server.New(apptest.Config(t, database, cache), zap.NewNop(), &server.LogLevel{},
		fx.Populate(&accounts, &repository, &sessions, &hasher))
	if err := app.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = app.Stop(context.WithoutCancel(t.Context())) }()
	made, err := accounts.Create(t.Context(), "anna", apptest.Password, access.RoleEditor)
	if err != nil {
		t.Fatal(err)
	}
	stored, err := repository.AccountByID(t.Context(), made.ID)
	if right, _ := hasher.Verify(t.Context(), apptest.Password, stored.PasswordHash); err != nil || !right {
		t.Errorf("the account is %+v (%v)", stored, err)
	}
	if err := sessions.SaveSession(t.Context(), access.HashSecret("token"), made.ID, nil, time.Now()); err != nil {
		t.Error(err)
	}
}
