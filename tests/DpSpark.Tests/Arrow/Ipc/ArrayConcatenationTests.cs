using System.Text.Json.Nodes;
using DpSpark.Arrow;
using DpSpark.Arrow.Ipc;
using DpSpark.Vectors.Formats;
using FsCheck;
using FsCheck.Fluent;

namespace DpSpark.Tests.Arrow.Ipc;

public class ArrayConcatenationTests
{
    [Fact]
    public void Concatenate_AnyType_HoldsTheRowsOfBothInOrder()
    {
        var joined = 0;
        Prop.ForAll(Gen.Choose(0, int.MaxValue).ToArbitrary(), seed =>
        {
            var random = new Random(seed);
            var arrays = new RandomArrays(random);
            var field = arrays.Field("x", 2);
            ArrowArray a = arrays.Array(field, random.Next(40)), b = arrays.Array(field, random.Next(40)), both;
            try
            {
                both = ArrayConcatenation.Concatenate(a, b);
            }
            catch (ArrowUnsupportedException)
            {
                // Lists with items that no row uses, which random ones may have.
                return;
            }

            joined++;
            Assert.Equal(a.Length + b.Length, both.Length);
            Assert.Equal(a.NullCount + b.NullCount, both.NullCount);
            for (var row = 0; row < both.Length; row++)
            {
                var expected = row < a.Length ? ArrowJson.Value(a, row) : ArrowJson.Value(b, row - a.Length);
                Assert.True(JsonNode.DeepEquals(expected, ArrowJson.Value(both, row)), $"{field.Type.Kind} row {row}");
            }
        }).QuickCheckThrowOnFailure();
        Assert.True(joined > 50, $"{joined} joined");
    }
}
