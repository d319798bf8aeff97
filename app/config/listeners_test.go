package config

import (
	"testing"
)

func TestAddressesThatListenersCanHaveBesideOneAnotherAreAccepted(t *testing.T) {
	for _, c := range [][2]string{
		{"127.0.0.1:0", "127.0.0.1:0"}, {":8080", ":8081"}, {"10.0.0.1:80", "127.0.0.1:80"}, {"[::1]:80", "127.0.0.1:80"},
		{"gable.internal:80", "localhost:80"}, {"host_name-1.:80", "1.2.3.example:80"}, {"[fe80::1%eth0]:80", "10.1:81"},
		{"unix:/run/gable.sock", "127.0.0.1:80"}, {"127.0.0.1:80", "unix:/run/ops.sock"},
	} {
		c1, err := loadWith(t, "--http-address", c[0], "--ops-address", c[1])
		if wrong := c[1] == "10.1:81"; wrong != (err != nil) {
			t.Errorf("%v: %v %v", c, c1, err)
		}
	}
}

func TestHostNamesOfTheOperatorsListenerAreAList(t *testing.T) {
	c, err := loadWith(t, "--ops-hosts", "gable.example.org, gable.default.svc.cluster.local",
		"--http-public-url", "https://homes.example.org", "--http-hsts-subdomains")
	if err != nil || len(Items(c.Ops.Hosts)) != 2 || Items(c.Ops.Hosts)[1] != "gable.default.svc.cluster.local" {
		t.Errorf("%+v, %v", c.Ops, err)
	}
}
