using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace DpSpark.Testing.Connect;

/// <summary>
/// A Spark Connect server that does what a script says, lies included: each method has a queue of acts, one per call; a call beyond the queue is
/// answered with UNIMPLEMENTED. Knows frames and trailers, nothing of messages.
/// </summary>
public sealed class ScriptedConnectServer : IAsyncDisposable
{
    private const string Service = "/spark.connect.SparkConnectService/";

    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, ConcurrentQueue<Func<ScriptedCall, Task>>> _acts = new();
    private readonly ConcurrentQueue<ScriptedCall> _calls = new();

    private ScriptedConnectServer(WebApplication app) => _app = app;

    /// <summary>Every call so far, in the order they came.</summary>
    public IReadOnlyList<ScriptedCall> Calls => [.. _calls];

    /// <summary>TCP port on loopback.</summary>
    public int Port => new Uri(_app.Urls.First()).Port;

    /// <summary>Starts the server on a free port.</summary>
    /// <param name="certificate">For TLS; null for plain HTTP/2.</param>
    public static async Task<ScriptedConnectServer> StartAsync(X509Certificate2? certificate = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Listen(IPAddress.Loopback, 0, listen =>
            {
                listen.Protocols = HttpProtocols.Http2;
                if (certificate is not null)
                {
                    listen.UseHttps(certificate);
                }
            });
        });
        var server = new ScriptedConnectServer(builder.Build());
        server._app.Run(server.HandleAsync);
        await server._app.StartAsync().ConfigureAwait(false);
        return server;
    }

    /// <summary>Adds acts to a method's queue; each answers one call.</summary>
    /// <param name="method">Such as <c>ExecutePlan</c>.</param>
    /// <param name="acts">What to do.</param>
    public ScriptedConnectServer On(string method, params Func<ScriptedCall, Task>[] acts)
    {
        var queue = _acts.GetOrAdd(method, _ => new());
        foreach (var act in acts)
        {
            queue.Enqueue(act);
        }

        return this;
    }

    /// <summary>Forgets acts that were not called for, and the calls so far.</summary>
    public void Forget()
    {
        _acts.Clear();
        _calls.Clear();
    }

    /// <summary>The calls of one method.</summary>
    /// <param name="method">Such as <c>ReleaseExecute</c>.</param>
    public IReadOnlyList<ScriptedCall> CallsOf(string method) => [.. _calls.Where(c => c.Method == method)];

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync().ConfigureAwait(false);
        await _app.StopAsync(now.Token).ConfigureAwait(false);
        await _app.DisposeAsync().ConfigureAwait(false);
    }

    private async Task HandleAsync(HttpContext http)
    {
        var path = http.Request.Path.Value ?? "";
        var method = path.StartsWith(Service, StringComparison.Ordinal) ? path[Service.Length..] : path;
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body, http.RequestAborted).ConfigureAwait(false);
        var call = new ScriptedCall(http, method, body.ToArray());
        _calls.Enqueue(call);
        if (_acts.TryGetValue(method, out var queue) && queue.TryDequeue(out var act))
        {
            await act(call).ConfigureAwait(false);
        }
        else
        {
            call.Fail(12, "not in the script");
        }
    }
}
