using DpSpark.Arrow;
using DpSpark.Testing;
using DpSpark.Vectors;
using DpSpark.Vectors.Formats;

namespace DpSpark.Tests.Vectors;

public class FormatVectorTests
{
    [SkippableTheory]
    [InlineData("arrow")]
    [InlineData("codecs")]
    public void Folder_AllVectors_EndAsExpected(string kind)
    {
        Skip.If(SharedFiles.Folder is null, SharedFiles.SkipReason);
        using var output = new StringWriter();
        var code = Dispatcher.Run([kind, SharedFiles.PathOf("vectors", kind)], output, TextWriter.Null);

        Assert.DoesNotContain(output.ToString().Split('\n'), line => line.Contains("\tfail\t", StringComparison.Ordinal));
        Assert.Equal(0, code);
    }

    [SkippableFact]
    public void Codecs_NothingIsRefusedThatMustBeRead()
    {
        Skip.If(SharedFiles.Folder is null, SharedFiles.SkipReason);
        using var output = new StringWriter();
        Dispatcher.Run(["codecs", SharedFiles.PathOf("vectors", "codecs")], output, TextWriter.Null);

        Assert.DoesNotContain("\tunsupported\t", output.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ok", Outcome.Pass, Outcome.Fail, Outcome.Fail, Outcome.Fail)]
    [InlineData("error", Outcome.Fail, Outcome.Fail, Outcome.Pass, Outcome.Pass)]
    [InlineData("ok-or-error", Outcome.Pass, Outcome.Fail, Outcome.Pass, Outcome.Pass)]
    [InlineData("ok-or-unsupported", Outcome.Pass, Outcome.Fail, Outcome.Fail, Outcome.Unsupported)]
    [InlineData("something-new", Outcome.Unsupported, Outcome.Unsupported, Outcome.Fail, Outcome.Fail)]
    public void Judge_EachWayToEnd_GivesTheVerdictOfTheExpectation(string expect, Outcome same, Outcome different, Outcome damaged, Outcome unsupported)
    {
        Assert.Equal(same, Judge.Run(expect, () => null, Judge.Arrow).Outcome);
        Assert.Equal(different, Judge.Run(expect, () => "differs", Judge.Arrow).Outcome);
        Assert.Equal(damaged, Judge.Run(expect, () => throw new ArrowFormatException("damaged"), Judge.Arrow).Outcome);
        Assert.Equal(unsupported, Judge.Run(expect, () => throw new ArrowUnsupportedException("codec"), Judge.Arrow).Outcome);
        Assert.Equal(Outcome.Fail, Judge.Run(expect, () => throw new InvalidCastException(), Judge.Arrow).Outcome);
    }

    [Fact]
    public void Report_CountsAndExitCode_FollowTheVerdicts()
    {
        using var output = new StringWriter { NewLine = "\n" };
        var report = new VectorReport(output);
        report.Add("a", new(Outcome.Pass));
        report.Add("b", new(Outcome.Unsupported, "x\ty"));

        Assert.Equal(0, report.Finish());
        report.Add("c", new(Outcome.Fail, "why"));
        Assert.Equal(1, report.Finish());
        Assert.Equal("a\tpass\t\nb\tunsupported\tx y\n1 passed, 0 failed, 1 skipped\nc\tfail\twhy\n1 passed, 1 failed, 1 skipped\n", output.ToString());
    }

    [Fact]
    public void Digest_ExamplesOfTheDefinition_AreMet()
    {
        using var integers = new ColumnDigest();
        integers.Append(ArrowArrays.Int32([1, 0], [true, false]));
        using var text = new ColumnDigest();
        text.Append(ArrowArrays.Utf8(["a"]));

        Assert.Equal(1, integers.Nulls);
        Assert.Equal(Hash([1, 1, 0, 0, 0, 0, 0, 0, 0, 0]), integers.Finish());
        Assert.Equal(Hash([1, 1, 0, 0, 0, 0x61]), text.Finish());

        static string Hash(byte[] bytes) => Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes));
    }

    [Theory]
    [InlineData()]
    [InlineData("arrow")]
    [InlineData("codecs", "no-such-folder")]
    public void Dispatcher_NothingToRun_EndsWith2(params string[] args) => Assert.Equal(2, Dispatcher.Run(args, TextWriter.Null, TextWriter.Null));
}
