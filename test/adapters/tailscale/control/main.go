// A control server for tests of discovery by Tailscale: the one of Tailscale's own tests, with a
// relay (DERP) and STUN beside it, all in memory. It prints its URL. What real control servers know
// of devices and this one does not is told to it on its standard input, a line each:
//
//	online NAME BOOL     whether the device is connected; they are, unless this says otherwise
//	expired NAME BOOL    whether its key has expired
//	phone                one more device, which nothing stands behind
package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"time"

	"tailscale.com/derp/derpserver"
	"tailscale.com/net/stunserver"
	"tailscale.com/net/tsaddr"
	"tailscale.com/tailcfg"
	"tailscale.com/tstest/integration/testcontrol"
	"tailscale.com/types/key"
)

const magicDNSDomain = "tail-test.ts.net"

// How often it is looked for new devices.
const checkInterval = 50 * time.Millisecond

func main() {
	address := flag.String("address", "127.0.0.1", "IPv4 address at which devices reach this program")
	flag.Parse()

	listener := must(net.Listen("tcp", net.JoinHostPort(*address, "0")))
	control := &testcontrol.Server{
		DERPMap:         startRelay(*address),
		DNSConfig:       &tailcfg.DNSConfig{Proxied: true},
		ExplicitBaseURL: "http://" + listener.Addr().String(),
		MagicDNSDomain:  magicDNSDomain,
	}
	go keepOnline(control)
	go obey(control)
	fmt.Println(control.ExplicitBaseURL)
	log.Fatal(http.Serve(listener, control))
}

// Tells everybody that devices are online, unless it was said that they are not.
func keepOnline(control *testcontrol.Server) {
	for range time.Tick(checkInterval) {
		for _, node := range control.AllNodes() {
			if node.Online == nil {
				online := true
				node.Online = &online
				tell(control, node)
			}
		}
	}
}

func obey(control *testcontrol.Server) {
	phones := 0
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		words := strings.Fields(lines.Text())
		switch {
		case len(words) == 1 && words[0] == "phone":
			phones++
			tell(control, phone(phones))
		case len(words) == 3:
			setDevice(control, words[0], words[1], words[2] == "true")
		default:
			log.Fatalf("unknown: %q", lines.Text())
		}
	}
}

func setDevice(control *testcontrol.Server, what, name string, value bool) {
	for _, node := range control.AllNodes() {
		if node.Hostinfo.Hostname() != name {
			continue
		}
		switch what {
		case "online":
			node.Online = &value
		case "expired":
			node.KeyExpiry = time.Now().Add(24 * time.Hour)
			if value {
				node.KeyExpiry = time.Now().Add(-time.Hour)
			}
		default:
			log.Fatalf("unknown: %q", what)
		}
		tell(control, node)
		return
	}
	log.Fatalf("no device %q", name)
}

func phone(number int) *tailcfg.Node {
	address := netip.AddrFrom4([4]byte{100, 64, 200, byte(number)})
	addresses := []netip.Prefix{
		netip.PrefixFrom(address, 32),
		netip.PrefixFrom(tsaddr.Tailscale4To6(address), 128),
	}
	name := fmt.Sprintf("phone-%d", number)
	host := &tailcfg.Hostinfo{Hostname: name, OS: "iOS"}
	return &tailcfg.Node{
		ID: tailcfg.NodeID(1000 + number), StableID: tailcfg.StableNodeID(name),
		Name: name + "." + magicDNSDomain + ".", User: tailcfg.UserID(1), MachineAuthorized: true,
		Key: key.NewNode().Public(), Machine: key.NewMachine().Public(),
		DiscoKey:  key.NewDisco().Public(),
		Addresses: addresses, AllowedIPs: addresses, Hostinfo: host.View(),
	}
}

// Keeps what is new about a device, and tells it to all.
func tell(control *testcontrol.Server, node *tailcfg.Node) {
	control.UpdateNode(node)
	// Of its methods that change a node this one tells the others.
	control.SetNodeCapMap(node.Key, nil)
}

func startRelay(address string) *tailcfg.DERPMap {
	stun := stunserver.New(context.Background())
	check(stun.Listen(net.JoinHostPort(address, "0")))
	go stun.Serve()

	relay := derpserver.New(key.NewNode(), log.Printf)
	server := httptest.NewUnstartedServer(derpserver.Handler(relay))
	server.Listener = must(net.Listen("tcp", net.JoinHostPort(address, "0")))
	// HTTP/2 has no upgrade to the protocol of the relay.
	server.Config.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){}
	server.StartTLS()

	node := &tailcfg.DERPNode{
		Name: "relay", RegionID: 1, HostName: address, IPv4: address, IPv6: "none",
		STUNPort:         stun.LocalAddr().(*net.UDPAddr).Port,
		STUNTestIP:       address,
		DERPPort:         server.Listener.Addr().(*net.TCPAddr).Port,
		InsecureForTests: true,
	}
	region := &tailcfg.DERPRegion{RegionID: 1, RegionCode: "test", Nodes: []*tailcfg.DERPNode{node}}
	return &tailcfg.DERPMap{Regions: map[int]*tailcfg.DERPRegion{1: region}}
}

func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
