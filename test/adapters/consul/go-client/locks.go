package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/consul/api"
)

func sessions(client *api.Client) error {
	options := &api.SessionEntry{
		Name:      "go",
		TTL:       "10s",
		LockDelay: 5 * time.Second,
		Behavior:  api.SessionBehaviorDelete,
	}
	id, _, err := client.Session().CreateNoChecks(options, nil)
	if err != nil {
		return err
	}
	renewed, _, err := client.Session().Renew(id, nil)
	if err != nil {
		return err
	}
	isWhole := renewed != nil && renewed.ID == id && renewed.TTL == "10s" &&
		renewed.LockDelay == 5*time.Second && renewed.Behavior == "delete" &&
		len(renewed.NodeChecks) == 0 && renewed.Name == "go"
	if err := expect(isWhole, fmt.Sprintf("%+v", renewed)); err != nil {
		return err
	}
	_, err = client.Session().Destroy(id, nil)
	if err != nil {
		return err
	}
	gone, _, err := client.Session().Renew(id, nil)
	if err := errors.Join(err, expect(gone == nil, "renewed after its end")); err != nil {
		return err
	}
	info, _, err := client.Session().Info(id, nil)
	_, _, short := client.Session().Create(&api.SessionEntry{TTL: "5s"}, nil)
	return errors.Join(
		err,
		expect(info == nil, "shown after its end"),
		expectError(short, "500", "Invalid Session TTL"),
	)
}

func keys(client *api.Client) error {
	pair := &api.KVPair{Key: "go/key", Value: []byte("value"), Flags: 1<<63 + 1}
	if _, err := client.KV().Put(pair, nil); err != nil {
		return err
	}
	read, meta, err := client.KV().Get("go/key", nil)
	if err != nil {
		return err
	}
	isSame := read != nil && string(read.Value) == "value" && read.Flags == pair.Flags &&
		read.ModifyIndex == meta.LastIndex && read.Session == ""
	if err := expect(isSame, fmt.Sprintf("%+v", read)); err != nil {
		return err
	}
	pair.Session = "7a1e0a4c-0000-4000-8000-000000000000"
	_, _, stranger := client.KV().Acquire(pair, nil)
	released, _, err := client.KV().Release(pair, nil)
	if err := errors.Join(err, expect(!released, "released without a lock")); err != nil {
		return err
	}
	if _, err := client.KV().Delete("go/key", nil); err != nil {
		return err
	}
	none, meta, err := client.KV().Get("go/key", nil)
	return errors.Join(
		err,
		expectError(stranger, "500", "invalid session"),
		expect(none == nil && meta.LastIndex > read.ModifyIndex, "there after it was deleted"),
	)
}

func lock(client *api.Client) error {
	options := func(who string) *api.LockOptions {
		return &api.LockOptions{Key: "go/lock", Value: []byte(who), SessionTTL: "10s"}
	}
	first, err := client.LockOpts(options("first"))
	if err != nil {
		return err
	}
	lost, err := first.Lock(nil)
	if err := errors.Join(err, expect(lost != nil, "not locked")); err != nil {
		return err
	}
	second, err := client.LockOpts(options("second"))
	if err != nil {
		return err
	}
	done := make(chan error)
	go func() {
		_, err := second.Lock(nil)
		done <- err
	}()
	select {
	case <-done:
		return errors.New("two hold one lock")
	case <-lost:
		return errors.New("lost at once")
	case <-time.After(time.Second):
	}
	if err := first.Unlock(); err != nil {
		return err
	}
	if err := <-done; err != nil {
		return err
	}
	pair, _, err := client.KV().Get("go/lock", nil)
	if err != nil {
		return err
	}
	isSecond := string(pair.Value) == "second" && pair.LockIndex == 2 && pair.Session != ""
	return errors.Join(expect(isSecond, fmt.Sprintf("%+v", pair)), second.Unlock())
}

// The lock of a session that is ended by force is delayed for the next one.
func lockDelay(client *api.Client) error {
	create := func() (string, error) {
		options := &api.SessionEntry{TTL: "10s", LockDelay: 2 * time.Second}
		id, _, err := client.Session().Create(options, nil)
		return id, err
	}
	acquire := func(session string) (bool, error) {
		pair := &api.KVPair{Key: "go/delayed", Session: session}
		taken, _, err := client.KV().Acquire(pair, nil)
		return taken, err
	}
	first, err := create()
	if err != nil {
		return err
	}
	second, err := create()
	if err != nil {
		return err
	}
	taken, err := acquire(first)
	if err := errors.Join(err, expect(taken, "not taken")); err != nil {
		return err
	}
	if _, err := client.Session().Destroy(first, nil); err != nil {
		return err
	}
	taken, err = acquire(second)
	if err := errors.Join(err, expect(!taken, "taken within the delay")); err != nil {
		return err
	}
	time.Sleep(2100 * time.Millisecond)
	taken, err = acquire(second)
	return errors.Join(err, expect(taken, "not taken after the delay"))
}
