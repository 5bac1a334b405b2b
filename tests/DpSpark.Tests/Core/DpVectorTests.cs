using System.Text.RegularExpressions;
using DpSpark.Testing;
using DpSpark.Vectors.Dp;

namespace DpSpark.Tests.Core;

/// <summary>The known answers of the mathematics, and that the tool which runs them has no mathematics of its own.</summary>
public partial class DpVectorTests
{
    [SkippableTheory]
    [InlineData("randomness", "")]
    [InlineData("sampler_pmf", "")]
    [InlineData("bounding", "")]
    [InlineData("exact_sum", "")]
    [InlineData("sensitivity", "")]
    [InlineData("selection", "")]
    [InlineData("gaussian", "")]
    [InlineData("laplace", "")]
    [InlineData("end_to_end", "")]
    [InlineData("identities", "")]
    [InlineData("accounting", "")]
    [InlineData("pld", "")]
    [InlineData("budget_split", "")]
    [InlineData("planning", "")]
    [InlineData("audit", "")]
    [InlineData("quantile_tree", "")]
    [InlineData("approx_bounds", "")]
    [InlineData("utility", "")]
    [InlineData("selection_mechanisms", "")]
    [InlineData("local_dp", "")]
    [InlineData("workloads", "")]
    public void Run_KnownAnswers_NoneFailsAndOnlyLaterOperationsAreSkipped(string topic, string later)
    {
        Skip.If(SharedFiles.Folder is null, SharedFiles.SkipReason);
        using var output = new StringWriter();

        int exitCode = DpVectors.Run(SharedFiles.PathOf("vectors", "dp", topic + ".json"), output);

        string[] lines = output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(exitCode == 0, output.ToString());
        Assert.Contains(lines, line => line.Contains("\tpass\t", StringComparison.Ordinal));
        Assert.All(
            lines.Where(line => line.Contains("\tunsupported\t", StringComparison.Ordinal)),
            line => Assert.Matches("operation (" + (later.Length == 0 ? "none" : later) + ")", line));
    }

    [Theory]
    [InlineData("""{"op":"delta","in":{"epsilon":0,"sigma":1,"l2_sensitivity":1},"out":{"delta":0.3829249225480262},"tolerance":{"rel":1e-8,"abs":0}}""", "Pass")]
    [InlineData("""{"op":"delta","in":{"epsilon":0,"sigma":1,"l2_sensitivity":1},"out":{"delta":0.3829249325480262},"tolerance":{"rel":1e-8,"abs":0}}""", "Fail")]
    [InlineData("""{"op":"delta","in":{"epsilon":0,"sigma":1,"l2_sensitivity":1},"out":{"delta":0.3829249225480262,"rho":1},"tolerance":{"rel":1e-8,"abs":0}}""", "Fail")]
    [InlineData("""{"op":"delta","in":{},"out":{"delta":0},"tolerance":{"exact":true}}""", "Fail")]
    [InlineData("""{"op":"never_heard_of","in":{},"out":{},"tolerance":{"exact":true}}""", "Unsupported")]
    public void Judge_RightWrongMissingAndUnknown_SaysSo(string known, string outcome)
    {
        using var document = System.Text.Json.JsonDocument.Parse(known);

        Assert.Equal(outcome, DpVectors.Judge("gaussian", document.RootElement).Outcome.ToString());
    }

    [Fact]
    public void Tool_Sources_HoldNoFormula()
    {
        string folder = Path.Combine(SharedFiles.RepositoryRoot, "tests", "DpSpark.Vectors", "Dp");
        string[] files = Directory.GetFiles(folder, "*.cs");

        Assert.NotEmpty(files);
        Assert.All(files, file =>
        {
            // The comparison with a tolerance is the one place that may calculate.
            string code = StringsAndComments().Replace(File.ReadAllText(file), " ");
            bool calculates = Formula().IsMatch(code);
            Assert.True(Path.GetFileName(file) == "Tolerance.cs" ? calculates : !calculates, Path.GetFileName(file) + ": " + Formula().Match(code).Value);
        });
    }

    [Theory]
    [InlineData("double x = l0 / epsilon;")]
    [InlineData("double x = Math.Sqrt(l0);")]
    [InlineData("x *= 2;")]
    [InlineData("var y = double.Exp(x);")]
    [InlineData("var y = -x;")]
    public void Tool_AFormulaInItsSources_WouldBeFound(string code) => Assert.Matches(Formula(), code);

    [GeneratedRegex(@"//[^\n]*|\$?""(?:\\.|[^""\\])*""|'(?:\\.|[^'\\])'")]
    private static partial Regex StringsAndComments();

    [GeneratedRegex(@"\bMath[F]?\.|\b(?:double|BigInteger)\.(?:Exp|Log|Pow|Sqrt|Multiply|Divide|Subtract)|[\w)\]] [-*/%] [\w(]|[-*/%]=|(?:=|\(|,|return) ?-[a-z(]")]
    private static partial Regex Formula();
}
