// Drives an agent at CONSUL_HTTP_ADDR with Consul's own client, and says what it saw that differs
// from what the client expects of an agent; exit status 1 then. With "service NAME" it prints the
// first instance of a service as JSON, with "acquire KEY" whether it got the lock of a key.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/hashicorp/consul/api"
)

func main() {
	if len(os.Args) == 3 {
		if err := command(os.Args[1], os.Args[2]); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		return
	}
	failed := false
	for _, step := range steps {
		client, err := api.NewClient(api.DefaultConfig())
		if err == nil {
			err = step.run(client)
		}
		if err != nil {
			failed = true
			fmt.Printf("FAIL %s: %v\n", step.name, err)
			continue
		}
		fmt.Printf("ok %s\n", step.name)
	}
	if failed {
		os.Exit(1)
	}
}

func command(verb, name string) error {
	client, err := api.NewClient(api.DefaultConfig())
	if err != nil {
		return err
	}
	if verb == "acquire" {
		taken, err := tryLock(client, name)
		fmt.Println(taken)
		return err
	}
	entries, _, err := client.Health().Service(name, "", true, nil)
	if err != nil || len(entries) == 0 {
		return errors.Join(err, errors.New("none"))
	}
	service := entries[0].Service
	return json.NewEncoder(os.Stdout).Encode(map[string]any{
		"ID":      service.ID,
		"Address": service.Address,
		"Port":    service.Port,
		"Tags":    service.Tags,
		"Meta":    service.Meta,
	})
}

func tryLock(client *api.Client, key string) (bool, error) {
	session, _, err := client.Session().Create(&api.SessionEntry{TTL: "10s"}, nil)
	if err != nil {
		return false, err
	}
	taken, _, err := client.KV().Acquire(&api.KVPair{Key: key, Session: session}, nil)
	return taken, err
}

var steps = []struct {
	name string
	run  func(*api.Client) error
}{
	{"agent", agent},
	{"services", services},
	{"blocking query", blockingQuery},
	{"maintenance", maintenance},
	{"refusals", refusals},
	{"sessions", sessions},
	{"keys", keys},
	{"lock", lock},
	{"lock delay", lockDelay},
}

func agent(client *api.Client) error {
	name, err := client.Agent().NodeName()
	if err != nil {
		return err
	}
	leader, err := client.Status().Leader()
	return errors.Join(err, expect(name != "" && strings.Contains(leader, ":"), name+" "+leader))
}

func register(client *api.Client, id string) error {
	return client.Agent().ServiceRegister(&api.AgentServiceRegistration{
		ID:      id,
		Name:    "go",
		Tags:    []string{"one", "two"},
		Address: "10.0.0.9",
		Port:    8123,
		Meta:    map[string]string{"key": "value"},
		Check: &api.AgentServiceCheck{
			TTL:                            "30s",
			DeregisterCriticalServiceAfter: "1m",
		},
	})
}

func passing(client *api.Client, options *api.QueryOptions) ([]*api.ServiceEntry, uint64, error) {
	entries, meta, err := client.Health().Service("go", "", true, options)
	if err != nil {
		return nil, 0, err
	}
	return entries, meta.LastIndex, expect(meta.KnownLeader && meta.LastIndex > 0, "no meta")
}

func services(client *api.Client) error {
	if err := register(client, "go-1"); err != nil {
		return err
	}
	entries, _, err := passing(client, nil)
	early := expect(len(entries) == 0, "passes before it has reported")
	if err := errors.Join(err, early); err != nil {
		return err
	}
	if err := client.Agent().PassTTL("service:go-1", "all is well"); err != nil {
		return err
	}
	entries, _, err = passing(client, nil)
	if err := errors.Join(err, expect(len(entries) == 1, "does not pass")); err != nil {
		return err
	}
	entry := entries[0]
	isWhole := entry.Node.Node != "" && entry.Node.Address != "" && entry.Service.ID == "go-1" &&
		entry.Service.Service == "go" && entry.Service.Address == "10.0.0.9" &&
		entry.Service.Port == 8123 && entry.Service.Meta["key"] == "value" &&
		strings.Join(entry.Service.Tags, " ") == "one two"
	if err := expect(isWhole, fmt.Sprintf("%+v", entry.Service)); err != nil {
		return err
	}
	status := entry.Checks.AggregatedStatus()
	own, err := client.Agent().Services()
	if err != nil {
		return err
	}
	checks, err := client.Agent().Checks()
	if err != nil {
		return err
	}
	check := checks["service:go-1"]
	isThere := own["go-1"] != nil && check != nil && check.Output == "all is well"
	if err := expect(isThere && status == api.HealthPassing, "not as registered"); err != nil {
		return err
	}
	if err := client.Agent().FailTTL("service:go-1", "ill"); err != nil {
		return err
	}
	entries, _, err = passing(client, nil)
	return errors.Join(
		err,
		expect(len(entries) == 0, "passes when it has failed"),
		client.Agent().ServiceDeregister("go-1"),
	)
}

func blockingQuery(client *api.Client) error {
	_, index, err := passing(client, nil)
	if err != nil {
		return err
	}
	started := time.Now()
	_, _, err = passing(client, &api.QueryOptions{WaitIndex: index, WaitTime: time.Second})
	waited := time.Since(started)
	if err := errors.Join(err, expect(waited >= time.Second, "did not wait")); err != nil {
		return err
	}
	done := make(chan error)
	go func() {
		options := &api.QueryOptions{WaitIndex: index, WaitTime: 5 * time.Minute}
		_, newest, err := passing(client, options)
		done <- errors.Join(err, expect(newest > index, "index does not grow"))
	}()
	if err := register(client, "go-2"); err != nil {
		return err
	}
	return errors.Join(<-done, client.Agent().ServiceDeregister("go-2"))
}

func maintenance(client *api.Client) error {
	if err := register(client, "go-3"); err != nil {
		return err
	}
	if err := client.Agent().PassTTL("service:go-3", ""); err != nil {
		return err
	}
	if err := client.Agent().EnableServiceMaintenance("go-3", "repairs"); err != nil {
		return err
	}
	entries, _, err := passing(client, nil)
	return errors.Join(
		err,
		expect(len(entries) == 0, "passes in maintenance"),
		client.Agent().DisableServiceMaintenance("go-3"),
		client.Agent().ServiceDeregister("go-3"),
	)
}

func refusals(client *api.Client) error {
	bad := &api.AgentServiceRegistration{Name: "go", Meta: map[string]string{"a.b": ""}}
	return errors.Join(
		expectError(client.Agent().ServiceRegister(bad), "400", "Invalid Service Meta"),
		expectError(client.Agent().PassTTL("service:nobody", ""), "404", "Unknown check ID"),
		expectError(client.Agent().ServiceDeregister("nobody"), "404", "Unknown service ID"),
	)
}

func expect(holds bool, otherwise string) error {
	if holds {
		return nil
	}
	return errors.New(otherwise)
}

func expectError(err error, parts ...string) error {
	if err == nil {
		return fmt.Errorf("no error, expected %v", parts)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			return fmt.Errorf("%q has no %q", err, part)
		}
	}
	return nil
}
