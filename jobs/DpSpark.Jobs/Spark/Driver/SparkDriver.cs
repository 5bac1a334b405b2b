using System.Globalization;
using System.Security.Cryptography;
using DpSpark.Core;

namespace DpSpark.Jobs.Spark.Driver;

/// <summary>
/// The Spark driver that started this process, as its runner for programs outside the JVM does on every resource manager: a Connect server is started in it, on its loopback and with a token of its own, for the run
/// that this process is to make. Disposing it stops Spark, and with it the application.
/// </summary>
public sealed class SparkDriver : IDisposable
{
    private const string Service = "org.apache.spark.sql.connect.service.SparkConnectService$";
    private const string Module = "MODULE$";

    /// <summary>Where a resource manager is asked for machines first, an answer takes minutes.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(15);

    private readonly JavaGateway _gateway;
    private readonly JavaGateway _watch;
    private readonly JavaReference _session;

    private SparkDriver(JavaGateway gateway, JavaGateway watch, JavaReference session, string remote, string token)
    {
        _gateway = gateway;
        _watch = watch;
        _session = session;
        Remote = remote;
        Token = token;
    }

    /// <summary>Connection string of the server.</summary>
    public string Remote { get; }

    /// <summary>Token that the server asks for.</summary>
    public string Token { get; }

    /// <summary>Starts Spark and the Connect server in the driver.</summary>
    /// <param name="port">The gateway's port: <c>PYSPARK_GATEWAY_PORT</c>.</param>
    /// <param name="secret">The gateway's secret: <c>PYSPARK_GATEWAY_SECRET</c>.</param>
    /// <exception cref="DpSparkException">The driver fails or is not there (DPS6016).</exception>
    public static SparkDriver Start(string? port, string? secret)
    {
        if (!int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number is < 1 or > 65535 || secret is not { Length: > 0 })
        {
            throw new DpSparkException("DPS6016", ExitCodes.Environment, "this program was started as Spark starts a Python program, but without the way to its driver.",
                "Spark 4 sets PYSPARK_GATEWAY_PORT and PYSPARK_GATEWAY_SECRET, unless spark.remote or spark.api.mode=connect is set.", ["leave these settings away", "run dpspark without a .py file before its options"]);
        }

        var gateway = JavaGateway.Connect(number, secret, s_patience);
        try
        {
            var token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
            var builder = gateway.CallStatic("org.apache.spark.sql.SparkSession", "builder") as JavaReference;
            foreach (var (name, value) in new[]
            {
                ("spark.connect.grpc.binding.address", "127.0.0.1"),
                ("spark.connect.grpc.binding.port", "0"),
                ("spark.connect.authenticate.token", token),
                ("spark.sql.artifact.isolation.enabled", "true"),
                ("spark.sql.artifact.isolation.alwaysApplyClassloader", "true"),
            })
            {
                builder = gateway.CallForObject(builder!, "config", name, value);
            }

            var session = gateway.CallForObject(builder!, "getOrCreate");
            var context = gateway.CallForObject(session, "sparkContext");
            var service = gateway.StaticField(Service, Module);
            gateway.Call(service, "start", context);
            var listening = gateway.Call(service, "localPort") is long p and > 0 and <= 65535 ? p
                : throw new DpSparkException("DPS6016", ExitCodes.Environment, "the Spark driver started no Connect server.", "Its log says more.", ["see the driver's log"]);
            return new SparkDriver(gateway, JavaGateway.Connect(number, secret, s_patience), session, string.Create(CultureInfo.InvariantCulture, $"sc://127.0.0.1:{listening}"), token);
        }
        catch
        {
            gateway.Dispose();
            throw;
        }
    }

    /// <summary>Waits until the driver has gone.</summary>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <returns>Whether it has.</returns>
    public Task<bool> GoneAsync(CancellationToken cancellation) => _watch.GoneAsync(cancellation);

    /// <inheritdoc/>
    public void Dispose()
    {
        _watch.Dispose();
        try
        {
            // The server first: its threads would keep the driver's JVM alive.
            var none = _gateway.StaticField("scala.None$", Module);
            _gateway.Call(_gateway.StaticField(Service, Module), "stop", none, none);
            _gateway.Call(_session, "stop");
        }
        catch (DpSparkException)
        {
            // The driver has gone already, and Spark with it.
        }

        _gateway.Dispose();
    }
}
