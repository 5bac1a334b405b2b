using DpSpark.Jobs.Manifest;

namespace DpSpark.Tests.Jobs.Manifest;

public sealed class TableNameTests
{
    [Theory]
    [InlineData("trips", "`trips`", null)]
    [InlineData("lake.taxi.trips@8841", "`lake`.`taxi`.`trips`", "8841")]
    [InlineData("lake.`odd.na``me`.t_1@weekly-1", "`lake`.`odd.na``me`.`t_1`", "weekly-1")]
    public void Parse_Name_IsQuotedPartByPart(string text, string quoted, string? snapshot)
    {
        var name = TableName.Parse(text)!;

        Assert.Equal((quoted, snapshot, snapshot == "8841"), (name.Quoted, name.Snapshot, name.IsPinned));
    }

    [Theory]
    [InlineData("")]
    [InlineData(".t")]
    [InlineData("a..b")]
    [InlineData("a.")]
    [InlineData("a b")]
    [InlineData("a;DROP TABLE b")]
    [InlineData("`a")]
    [InlineData("``")]
    [InlineData("`a`b")]
    [InlineData("a@")]
    [InlineData("a@1 UNION")]
    [InlineData("a@'1'")]
    public void Parse_NoName_IsNull(string text) => Assert.Null(TableName.Parse(text));
}
