using DpSpark.Jobs.Quality;

namespace DpSpark.Tests.Jobs.Quality;

public sealed class QualityRuleTests
{
    [Theory]
    [InlineData("stddev > 0.5 * abs(value)", true)]
    [InlineData("stddev>.7*abs( value )", false)]
    [InlineData("not stddev > 100", true)]
    [InlineData("ci_high - ci_low >= 2.5e1 and value < 0", true)]
    [InlineData("value == -10 or value/0 > 1", true)]
    [InlineData("0/0 == 0/0 or 0/0 != 1", false)]
    [InlineData("min(1, 2) < max(ci_low, ci_high) and (1 - 2 - 3) == -4", true)]
    [InlineData("2 + 3 * 4 == 14", true)]
    [InlineData("(value < 0 or value > 1) and not (ci_low > ci_high)", true)]
    public void IsLow_Condition_IsWhatArithmeticSays(string text, bool low) => Assert.Equal(low, QualityRule.Parse(text).IsLow(-10, 6, -22, 3));

    [Theory]
    [InlineData("", 0)]
    [InlineData("value", 0)]
    [InlineData("stddev > ", 9)]
    [InlineData("stddev > 1 1", 11)]
    [InlineData("stddev > spend", 9)]
    [InlineData("abs value > 1", 4)]
    [InlineData("min(1) > 0", 5)]
    [InlineData("(value > 1", 10)]
    [InlineData("1 < value < 2", 10)]
    [InlineData("value > 1 + (value > 2)", 12)]
    [InlineData("value > 1.2.3", 8)]
    [InlineData("System.Exit(1) > 0", 0)]
    public void Parse_NotACondition_SaysWhere(string text, int position) => Assert.Equal(position, Assert.Throws<QualitySyntaxException>(() => QualityRule.Parse(text)).Position);

    [Fact]
    public void Parse_NestedWithoutEnd_IsRefused()
    {
        Assert.Throws<QualitySyntaxException>(() => QualityRule.Parse(new string('(', 900) + "1"));
        Assert.Throws<QualitySyntaxException>(() => QualityRule.Parse(new string(' ', 1001)));
    }
}
