using DpSpark.Connect;

namespace DpSpark.Tests.Connect;

public sealed class ConnectEndpointTests
{
    [Fact]
    public void Parse_HostOnly_TakesThePortOfSparkConnect()
    {
        var endpoint = ConnectEndpoint.Parse("sc://spark.example");

        Assert.Equal(("spark.example", 15002, false), (endpoint.Host, endpoint.Port, endpoint.UseTls));
    }

    [Fact]
    public void Parse_AllKeys_UnderstandsThemAndMakesTheRestHeaders()
    {
        var endpoint = ConnectEndpoint.Parse("sc://h:1/;use_ssl=true;token=a%3Db;user_id=u;user_agent=x;session_id=8f9d9e59-1c6c-4b3b-a518-a988af0ce4ac;X-Cluster=7;grpc_keepalive_time_ms=5");

        Assert.Equal(("h", 1, true, "a=b", "u", "x"), (endpoint.Host, endpoint.Port, endpoint.UseTls, endpoint.Token, endpoint.User, endpoint.UserAgent));
        Assert.Equal("8f9d9e59-1c6c-4b3b-a518-a988af0ce4ac", endpoint.SessionId);
        Assert.Equal([new("x-cluster", "7")], endpoint.Headers);
    }

    [Theory]
    [InlineData("sc://far.example/;token=t", true)]
    [InlineData("sc://localhost/;token=t", false)]
    [InlineData("sc://127.0.0.1:9/;token=t", false)]
    [InlineData("sc://[::1]:9/;token=t", false)]
    [InlineData("sc://far.example/", false)]
    [InlineData("sc://localhost/;use_ssl=true", true)]
    public void Parse_Token_AsksForTlsUnlessItStaysOnThisMachine(string text, bool tls)
    {
        var endpoint = ConnectEndpoint.Parse(text);

        Assert.Equal(tls, endpoint.UseTls);
    }

    [Theory]
    [InlineData("")]
    [InlineData("http://h")]
    [InlineData("sc://")]
    [InlineData("sc://h:0")]
    [InlineData("sc://h:99999")]
    [InlineData("sc://h:x")]
    [InlineData("sc://user@h")]
    [InlineData("sc://h/path")]
    [InlineData("sc://h;token=secret")]
    [InlineData("sc://h/;secret")]
    [InlineData("sc://h/;=secret")]
    [InlineData("sc://h/;token=secret;token=secret")]
    [InlineData("sc://h/;session_id=secret")]
    [InlineData("sc://h/;x=secret%0d%0a")]
    [InlineData("sc://h/;x y=secret")]
    [InlineData("sc://h/;token=secret;use_ssl=false")]
    [InlineData("sc://h?token=secret")]
    public void Parse_Nonsense_IsRefusedWithoutRepeatingIt(string text)
    {
        var e = Assert.Throws<FormatException>(() => ConnectEndpoint.Parse(text));

        Assert.DoesNotContain("secret", e.ToString());
    }

    [Fact]
    public void ToString_WithToken_ShowsHostAndPortOnly()
    {
        var endpoint = ConnectEndpoint.Parse("sc://h:5/;token=secret;x-key=secret");

        Assert.Equal("h:5", endpoint.ToString());
    }

    [Fact]
    public void Parse_TokenOfTheEnvironment_CountsWhereTheStringHasNone()
    {
        Assert.Equal("env", ConnectEndpoint.Parse("sc://localhost", "env").Token);
        Assert.Equal("own", ConnectEndpoint.Parse("sc://localhost/;token=own", "env").Token);
    }
}
