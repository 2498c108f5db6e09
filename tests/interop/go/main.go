// A grpc-go client without generated code: messages are bytes. It does what limactl does to a driver's server, on the socket that is
// given, and prints TAP. The server is limactl's counterpart of the same age: `old` says that Start has no opening message.
package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	reflection "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
)

// What limactl sets: 16 MiB either way.
const limit = 16 << 20

var (
	socket   = flag.String("socket", "", "the server's socket")
	instance = flag.String("instance", "", "file with the Instance document")
	cancel   = flag.Bool("cancel", false, "only the start that is cancelled, and what it needs")
	old      = flag.Bool("old", false, "the server must take this client for Lima 2.0.2 or older")
)

// raw passes bytes through, so that no generated code is needed.
type raw struct{}

func (raw) Name() string { return "proto" }

func (raw) Marshal(v any) ([]byte, error) { return *v.(*[]byte), nil }

func (raw) Unmarshal(data []byte, v any) error {
	*v.(*[]byte) = append([]byte(nil), data...)
	return nil
}

func dial() (*grpc.ClientConn, error) {
	return grpc.NewClient("unix://"+*socket, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(limit), grpc.MaxCallSendMsgSize(4*limit)))
}

func call(conn *grpc.ClientConn, method string, request []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	var reply []byte
	err := conn.Invoke(ctx, "/Driver/"+method, &request, &reply, grpc.ForceCodec(raw{}))
	return reply, err
}

// document is the one field of SetConfigRequest.
func document(text []byte) []byte {
	return append(binary.AppendUvarint([]byte{0x0a}, uint64(len(text))), text...)
}

func start(conn *grpc.ClientConn, ctx context.Context) (grpc.ClientStream, error) {
	stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, "/Driver/Start", grpc.ForceCodec(raw{}))
	if err != nil {
		return nil, err
	}
	empty := []byte{}
	if err := stream.SendMsg(&empty); err != nil {
		return nil, err
	}
	return stream, stream.CloseSend()
}

func want(ok bool, format string, args ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf(format, args...)
}

func info(conn *grpc.ClientConn) error {
	reply, err := call(conn, "Info", nil)
	if err != nil {
		return err
	}
	return want(bytes.Contains(reply, []byte(`"name":"example"`)), "Info: %q", reply)
}

func configure(conn *grpc.ClientConn) error {
	text, err := os.ReadFile(*instance)
	if err != nil {
		return err
	}
	_, err = call(conn, "Configure", document(text))
	return err
}

// The first message must be success, or, for an old client, come only when the VM has ended.
func startAndStop(conn *grpc.ClientConn) error {
	stream, err := start(conn, context.Background())
	if err != nil {
		return err
	}
	messages := make(chan []byte, 4)
	done := make(chan error, 1)
	go func() {
		for {
			var message []byte
			if err := stream.RecvMsg(&message); err != nil {
				done <- err
				return
			}
			messages <- message
		}
	}()
	success := []byte{0x08, 0x01}
	if !*old {
		if opening := <-messages; !bytes.Equal(opening, success) {
			return fmt.Errorf("opening message %x", opening)
		}
	} else {
		for call := 0; call < 20; call++ { // long enough for a message that should not come
			if err := info(conn); err != nil {
				return err
			}
			time.Sleep(50 * time.Millisecond)
		}
		if len(messages) > 0 {
			return errors.New("an old client got an opening message")
		}
	}
	if _, err := call(conn, "Stop", nil); err != nil {
		return err
	}
	if end := <-messages; !bytes.Equal(end, success) {
		return fmt.Errorf("last message %x", end)
	}
	err = <-done
	return want(err == io.EOF, "the stream ended with %v", err)
}

func startAndCancel(conn *grpc.ClientConn) error {
	ctx, cancel := context.WithCancel(context.Background())
	stream, err := start(conn, ctx)
	if err != nil {
		cancel()
		return err
	}
	if !*old {
		var opening []byte
		if err := stream.RecvMsg(&opening); err != nil {
			cancel()
			return err
		}
	}
	cancel()
	if err := info(conn); err != nil {
		return err
	}
	_, err = call(conn, "Stop", nil)
	return err
}

func large(conn *grpc.ClientConn) error {
	text, err := os.ReadFile(*instance)
	if err != nil {
		return err
	}
	long := `"config": {"message": "` + strings.Repeat("x", 12<<20) + `", `
	if _, err := call(conn, "Configure", document([]byte(strings.Replace(string(text), `"config": {`, long, 1)))); err != nil {
		return err
	}
	return configure(conn)
}

func tooLarge(conn *grpc.ClientConn) error {
	_, err := call(conn, "Configure", document(bytes.Repeat([]byte(" "), 20<<20)))
	if err := want(status.Code(err) == codes.ResourceExhausted, "20 MiB: %v", err); err != nil {
		return err
	}
	return info(conn)
}

func unknown(conn *grpc.ClientConn) error {
	_, err := call(conn, "NoSuchMethod", nil)
	return want(status.Code(err) == codes.Unimplemented, "NoSuchMethod: %v", err)
}

func refused(conn *grpc.ClientConn) error {
	for _, text := range []string{"", "null", "[]", "{", `{"config":7}`} {
		if _, err := call(conn, "Configure", document([]byte(text))); status.Code(err) != codes.InvalidArgument {
			return fmt.Errorf("Configure with %q: %v", text, err)
		}
	}
	return nil
}

func manyClients(*grpc.ClientConn) error {
	var all sync.WaitGroup
	failures := make(chan error, 32)
	for client := 0; client < 32; client++ {
		all.Add(1)
		go func() {
			defer all.Done()
			conn, err := dial()
			if err != nil {
				failures <- err
				return
			}
			defer conn.Close()
			for i := 0; i < 50; i++ {
				if err := info(conn); err != nil {
					failures <- err
					return
				}
			}
		}()
	}
	all.Wait()
	select {
	case err := <-failures:
		return err
	default:
		return nil
	}
}

func health(conn *grpc.ClientConn) error {
	reply, err := grpc_health_v1.NewHealthClient(conn).Check(context.Background(), &grpc_health_v1.HealthCheckRequest{Service: "Driver"})
	if err != nil {
		return err
	}
	return want(reply.Status == grpc_health_v1.HealthCheckResponse_SERVING, "health: %v", reply.Status)
}

func reflected(conn *grpc.ClientConn) error {
	stream, err := reflection.NewServerReflectionClient(conn).ServerReflectionInfo(context.Background())
	if err != nil {
		return err
	}
	ask := func(request *reflection.ServerReflectionRequest) (*reflection.ServerReflectionResponse, error) {
		if err := stream.Send(request); err != nil {
			return nil, err
		}
		return stream.Recv()
	}
	list, err := ask(&reflection.ServerReflectionRequest{MessageRequest: &reflection.ServerReflectionRequest_ListServices{ListServices: "*"}})
	if err != nil {
		return err
	}
	names := ""
	for _, service := range list.GetListServicesResponse().GetService() {
		names += service.Name + " "
	}
	file, err := ask(&reflection.ServerReflectionRequest{MessageRequest: &reflection.ServerReflectionRequest_FileContainingSymbol{
		FileContainingSymbol: "Driver.Info"}})
	if err != nil {
		return err
	}
	if err := want(strings.Contains(names, "Driver "), "services: %s", names); err != nil {
		return err
	}
	files := file.GetFileDescriptorResponse().GetFileDescriptorProto()
	if err := want(len(files) > 1 && bytes.Contains(files[0], []byte("InfoResponse")), "%d files", len(files)); err != nil {
		return err
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	_, err = stream.Recv()
	return want(err == io.EOF, "the end of the stream: %v", err)
}

type named struct {
	name string
	run  func(*grpc.ClientConn) error
}

// A driver ends after limactl's Stop, and this client calls itself what limactl does: what stops comes last.
func main() {
	flag.Parse()
	conn, err := dial()
	if err != nil {
		fmt.Println("Bail out!", err)
		os.Exit(1)
	}
	cases := []named{
		{"info", info}, {"configure", configure},
		{"large message", large}, {"too large message", tooLarge}, {"unknown method", unknown}, {"refused documents", refused},
		{"many clients", manyClients}, {"health", health}, {"reflection", reflected},
		{"start and stop", startAndStop},
	}
	if *cancel {
		cases = append(cases[1:2], named{"start and cancel", startAndCancel})
	}
	failed := 0
	for number, one := range cases {
		if err := one.run(conn); err != nil {
			failed++
			fmt.Printf("not ok %d - %s\n#   %v\n", number+1, one.name, err)
		} else {
			fmt.Printf("ok %d - %s\n", number+1, one.name)
		}
	}
	fmt.Printf("1..%d\n", len(cases))
	if failed > 0 {
		os.Exit(1)
	}
}
