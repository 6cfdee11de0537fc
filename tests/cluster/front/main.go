// Command front stands before an older API server and makes it, for a tunnel's client, a newer one. What newer servers
// have is upstream's own code wherever there is any: port-forward over WebSockets is k8s.io/apiserver's TunnelingHandler.
// EndpointSlice v1 is v1beta1 under its later name. Everything else passes through.
//
//	front -listen HOST:PORT -backend https://HOST:PORT -ca CA -cert CERT -key KEY -client-cert CERT -client-key KEY
//
// A caller stays who they are. A token passes through; a client certificate ends here, so its user and groups go on as an
// impersonation by -client-cert, who must be allowed that. Whoever brings neither is anonymous behind, too.
package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"

	"k8s.io/apimachinery/pkg/util/proxy"
	tunnel "k8s.io/apiserver/pkg/util/proxy"
)

func main() {
	listen := flag.String("listen", "", "address to listen on, `HOST:PORT`")
	backend := flag.String("backend", "", "`URL` of the API server behind")
	ca := flag.String("ca", "", "`FILE` with the CA of that server and of the callers")
	cert, key := flag.String("cert", "", "own certificate's `FILE`"), flag.String("key", "", "its key's `FILE`")
	clientCert := flag.String("client-cert", "", "`FILE` with the certificate that callers are impersonated by")
	clientKey := flag.String("client-key", "", "its key's `FILE`")
	flag.Parse()

	pem, err := os.ReadFile(*ca)
	check("read -ca", err)
	authority := x509.NewCertPool()
	if !authority.AppendCertsFromPEM(pem) {
		check("read -ca", errors.New("it holds no certificate"))
	}
	impersonator, err := tls.LoadX509KeyPair(*clientCert, *clientKey)
	check("read -client-cert and -client-key", err)
	target, err := url.Parse(*backend)
	check("read -backend", err)

	server := &http.Server{
		Addr:      *listen,
		Handler:   &front{target: target, named: transport(authority, impersonator), plain: transport(authority)},
		TLSConfig: &tls.Config{ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: authority},
		// HTTP/1.1 only: an upgrade needs it.
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){},
	}
	check("listen on "+*listen, server.ListenAndServeTLS(*cert, *key))
}

type front struct {
	target *url.URL
	named  *http.Transport // for those who came with a certificate
	plain  *http.Transport // for those who did not
}

func transport(authority *x509.CertPool, own ...tls.Certificate) *http.Transport {
	return &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: authority, Certificates: own},
		TLSNextProto:    map[string]func(string, *tls.Conn) http.RoundTripper{},
	}
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	via := f.identify(r)
	if strings.HasSuffix(r.URL.Path, "/portforward") {
		f.portForward(w, r, via)
		return
	}
	behind := httputil.NewSingleHostReverseProxy(f.target)
	behind.Transport, behind.FlushInterval = via, -1 // a watch is never buffered
	if isSlices(r.URL.Path) {
		if err := slicesAsOld(r); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		behind.ModifyResponse = slicesAsNew
	}
	behind.ServeHTTP(w, r)
}

// identify carries the caller's identity over to the request that goes on, and picks the connection that may say it.
func (f *front) identify(r *http.Request) *http.Transport {
	if r.Header.Get("Authorization") != "" || len(r.TLS.PeerCertificates) == 0 {
		return f.plain
	}
	// A caller's own impersonation would be judged by the impersonator's rights, not by theirs.
	for name := range r.Header {
		if strings.HasPrefix(name, "Impersonate-") {
			r.Header.Del(name)
		}
	}
	subject := r.TLS.PeerCertificates[0].Subject
	r.Header.Set("Impersonate-User", subject.CommonName)
	for _, group := range subject.Organization {
		r.Header.Add("Impersonate-Group", group)
	}
	return f.named
}

func (f *front) portForward(w http.ResponseWriter, r *http.Request, via http.RoundTripper) {
	location := *r.URL
	location.Scheme, location.Host = f.target.Scheme, f.target.Host
	var handler http.Handler = proxy.NewUpgradeAwareHandler(&location, via, false, true, failed{})
	if strings.Contains(strings.Join(r.Header["Sec-Websocket-Protocol"], ","), "SPDY/3.1+portforward.k8s.io") {
		handler = tunnel.NewTunnelingHandler(handler)
	}
	handler.ServeHTTP(w, r)
}

type failed struct{}

func (failed) Error(w http.ResponseWriter, _ *http.Request, err error) {
	http.Error(w, err.Error(), http.StatusBadGateway)
}

// The two names of EndpointSlice's version. The fields that a client of either reads are the same.
const oldSlices, newSlices = "discovery.k8s.io/v1beta1", "discovery.k8s.io/v1"

// How the lists of API groups name the version, and how they are to name it.
var oldGroup, newGroup = []byte(`"` + oldSlices + `","version":"v1beta1"`), []byte(`"` + newSlices + `","version":"v1"`)

// isSlices is true for the objects themselves, and for the documents by which a client finds out that the version exists.
func isSlices(path string) bool {
	const group = "/apis/discovery.k8s.io"
	return path == "/apis" || path == group || path == group+"/v1" || strings.HasPrefix(path, group+"/v1/")
}

// slicesAsOld rewrites a request for v1 into one for v1beta1.
func slicesAsOld(r *http.Request) error {
	r.URL.Path = strings.Replace(r.URL.Path, newSlices, oldSlices, 1)
	r.URL.RawPath = ""
	r.Header.Set("Accept", "application/json") // the answer is rewritten as text
	r.Header.Del("Accept-Encoding")
	if r.Body == nil || r.ContentLength == 0 {
		return nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return fmt.Errorf("front: cannot read the request's body: %w", err)
	}
	body = bytes.ReplaceAll(body, []byte(`"`+newSlices+`"`), []byte(`"`+oldSlices+`"`))
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return nil
}

// slicesAsNew rewrites the answer line by line, so that a watch's events pass as they come.
func slicesAsNew(response *http.Response) error {
	body, lines := response.Body, bufio.NewReaderSize(response.Body, 1<<16)
	answer, in := io.Pipe()
	go func() {
		defer body.Close()
		for {
			line, err := lines.ReadBytes('\n')
			line = bytes.ReplaceAll(line, oldGroup, newGroup)
			if _, gone := in.Write(bytes.ReplaceAll(line, []byte(oldSlices), []byte(newSlices))); gone != nil {
				return
			}
			if err != nil {
				in.CloseWithError(err)
				return
			}
		}
	}()
	response.Body = answer
	response.Header.Del("Content-Length")
	response.ContentLength = -1
	return nil
}

func check(what string, err error) {
	if err != nil {
		log.Fatalf("front: cannot %s: %v", what, err)
	}
}
