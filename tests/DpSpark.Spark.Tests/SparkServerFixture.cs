using DpSpark.Testing.Spark;

namespace DpSpark.Spark.Tests;

/// <summary>One Connect server on <c>local[2]</c> for every test of a run: a JVM takes longer to start than most tests take to run.</summary>
public sealed class SparkServerFixture : IAsyncLifetime
{
    private SparkServer? _server;

    /// <summary>The server. Skips the test where there is no Spark.</summary>
    public SparkServer Server
    {
        get
        {
            Skip.If(SparkInstallation.Home is null, SparkInstallation.SkipReason);
            return _server!;
        }
    }

    public async Task InitializeAsync()
    {
        if (SparkInstallation.Home is not null)
        {
            // Streams of at most a mebibyte: a result of any size takes several, and so does every reattach that a long job would see.
            _server = await SparkServer.StartAsync(new()
            {
                Settings = new Dictionary<string, string> { ["spark.connect.execute.reattachable.senderMaxStreamSize"] = "1m" },
            });
        }
    }

    public async Task DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }
}

/// <summary>Classes of this collection share the server and run one after another.</summary>
[CollectionDefinition(Name)]
public sealed class SparkCollection : ICollectionFixture<SparkServerFixture>
{
    public const string Name = "Spark";
}
