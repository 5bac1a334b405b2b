using System.Buffers.Binary;
using System.IO.Pipes;
using System.Net;
using System.Net.Sockets;
using System.Text;
using DpSpark.Arrow;
using DpSpark.Testing;
using DpSpark.Tests.Running;
using DpSpark.Worker.Hosting;
using DpSpark.Worker.Protocol;
using DpSpark.Worker.Udfs;

namespace DpSpark.Tests.Worker;

/// <summary>The daemon against a scripted JVM, over TCP and unix sockets.</summary>
public sealed class DaemonTests
{
    private const string Secret = "0123456789abcdef";
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Accept_ManyConnections_ServesEachAndEndsWithItsInput(bool unix)
    {
        using var folder = new TempFolder();
        using var daemon = new Daemon(unix ? folder.Path : null, new RecordedUdfs());

        var sockets = Enumerable.Range(0, 8).Select(_ => daemon.Connect()).ToArray();

        Assert.All(sockets, s => Assert.Equal(Environment.ProcessId, Int(s)));
        foreach (var socket in sockets)
        {
            socket.Dispose();
        }

        Assert.Equal(0, daemon.EndInput());
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void Accept_WrongSecret_IsRefused()
    {
        using var daemon = new Daemon(null, new RecordedUdfs());
        using var socket = daemon.Connect();
        _ = Int(socket);

        Send(socket, "0123456789abcdeX");

        Assert.Equal("err", Text(socket));
        Assert.Equal(0, socket.Receive(new byte[1]));
        daemon.EndInput();
    }

    [Fact]
    public async Task Serve_NoConnectionForFiveMinutes_Ends()
    {
        var time = new ManualTime();
        using var daemon = new Daemon(null, new RecordedUdfs(), time);
        using (var socket = daemon.Connect())
        {
            _ = Int(socket);
            time.Advance(TimeSpan.FromHours(1));
            Assert.False(daemon.Ended.IsCompleted);
        }

        // The close of the connection is noticed by its thread, whenever that runs.
        SpinWait.SpinUntil(() =>
        {
            time.Advance(TimeSpan.FromMinutes(5));
            return daemon.Ended.IsCompleted;
        }, s_patience);

        Assert.Equal(0, await daemon.Ended.WaitAsync(s_patience));
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void Run_PeerClosesWhileTheStepComputes_CancelsIt(bool unix)
    {
        Skip.If(SharedFiles.Folder is null, SharedFiles.SkipReason);
        using var folder = new TempFolder();
        var recording = Recording.All("4.3.0").First(r => r.Name == "uds-map-reuse");
        var endless = new EndlessUdfs();
        using var daemon = new Daemon(unix ? folder.Path : null, endless);
        var socket = daemon.Connect();
        _ = Int(socket);
        if (!unix)
        {
            Send(socket, Secret);
            Assert.Equal("ok", Text(socket));
        }

        socket.Send(recording.JvmToWorker);
        Assert.True(endless.Started.Wait(s_patience));
        socket.Dispose();

        Assert.True(endless.Cancelled.Wait(s_patience));
        daemon.EndInput();
    }

    private static int Int(Socket socket) => BinaryPrimitives.ReadInt32BigEndian(Bytes(socket, 4));

    private static string Text(Socket socket) => Encoding.UTF8.GetString(Bytes(socket, Int(socket)));

    private static byte[] Bytes(Socket socket, int count)
    {
        var bytes = new byte[count];
        for (var have = 0; have < count;)
        {
            var got = socket.Receive(bytes.AsSpan(have));
            have += got > 0 ? got : throw new EndOfStreamException();
        }

        return bytes;
    }

    private static void Send(Socket socket, string text)
    {
        var bytes = new byte[4 + text.Length];
        BinaryPrimitives.WriteInt32BigEndian(bytes, text.Length);
        Encoding.UTF8.GetBytes(text).CopyTo(bytes, 4);
        socket.Send(bytes);
    }

    /// <summary>A daemon on a thread of this process, with pipes for its standard input and output.</summary>
    private sealed class Daemon : IDisposable
    {
        private readonly AnonymousPipeServerStream _stdin = new(PipeDirection.Out);
        private readonly AnonymousPipeServerStream _stdout = new(PipeDirection.In);
        private readonly DaemonTransport _transport;
        private readonly EndPoint _address;

        public Daemon(string? unixFolder, IUdfHost udfs, TimeProvider? time = null)
        {
            var environment = new WorkerEnvironment
            {
                Secret = unixFolder is null ? Secret : null,
                ListenFolder = unixFolder,
                Wire = new WireOptions(true, false, false),
                LocalFolders = [],
                TaskMemoryBytes = 64 << 20,
            };
            var input = new AnonymousPipeClientStream(PipeDirection.In, _stdin.ClientSafePipeHandle);
            var output = new AnonymousPipeClientStream(PipeDirection.Out, _stdout.ClientSafePipeHandle);
            _transport = new DaemonTransport(environment, input, output, time ?? TimeProvider.System);
            Ended = Task.Factory.StartNew(() => _transport.Serve(udfs), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            var number = new byte[4];
            _stdout.ReadExactly(number);
            var value = BinaryPrimitives.ReadInt32BigEndian(number);
            if (unixFolder is null)
            {
                _address = new IPEndPoint(IPAddress.Loopback, value);
                return;
            }

            var path = new byte[value];
            _stdout.ReadExactly(path);
            _address = new UnixDomainSocketEndPoint(Encoding.UTF8.GetString(path));
        }

        public Task<int> Ended { get; }

        public Socket Connect()
        {
            var socket = new Socket(_address.AddressFamily, SocketType.Stream, _address is IPEndPoint ? ProtocolType.Tcp : ProtocolType.Unspecified) { ReceiveTimeout = (int)s_patience.TotalMilliseconds };
            socket.Connect(_address);
            return socket;
        }

        public int EndInput()
        {
            _stdin.Dispose();
            Assert.True(Ended.Wait(s_patience));
            _transport.Dispose();
            return Ended.Result;
        }

        public void Dispose()
        {
            _stdin.Dispose();
            _stdout.Dispose();
            _transport.Dispose();
        }
    }

    /// <summary>A step that reads one batch and then computes for ever.</summary>
    private sealed class EndlessUdfs : IUdfHost, IUdf
    {
        public ManualResetEventSlim Started { get; } = new();

        public ManualResetEventSlim Cancelled { get; } = new();

        public Schema Output { get; private set; } = new([]);

        public long BytesSpilled => 0;

        public IUdf Open(TaskHeader header, Schema input)
        {
            Output = input;
            return this;
        }

        public IEnumerable<RecordBatch> Run(IEnumerable<RecordBatch> input, CancellationToken cancellationToken)
        {
            foreach (var batch in input)
            {
                batch.Dispose();
                break;
            }

            Started.Set();
            cancellationToken.WaitHandle.WaitOne(s_patience);
            if (cancellationToken.IsCancellationRequested)
            {
                Cancelled.Set();
            }

            cancellationToken.ThrowIfCancellationRequested();
            yield break;
        }

        public void Dispose()
        {
        }
    }
}
