using DpSpark.Core.Parameters;

namespace DpSpark.Tests.Core.Parameters;

/// <summary>Sensitivities against the worst case over all contributions in a small world: two of four partitions per unit, up to two values of {lower, 0, upper} each.</summary>
public class SensitivityTests
{
    private const int L0 = 2;
    private const int LInf = 2;

    [Theory]
    [InlineData(-3, 5)]
    [InlineData(2, 5)]
    [InlineData(-4, -1)]
    [InlineData(0, 5)]
    public void Sum_AllSmallContributions_AttainTheBoundsAndNeverExceedThem(double lower, double upper)
    {
        List<double[]> vectors = Vectors(v => Math.Clamp(v, lower, upper), [lower, 0, upper]);

        Check(Sensitivity.Sum(NeighbouringRelation.AddOrRemoveOne, L0, LInf, lower, upper), vectors, [new double[4]]);
        Check(Sensitivity.Sum(NeighbouringRelation.ReplaceOne, L0, LInf, lower, upper), vectors, vectors);
    }

    [Fact]
    public void Count_AllSmallContributions_AttainTheBoundsAndNeverExceedThem()
    {
        List<double[]> vectors = Vectors(_ => 1, [0]);

        Check(Sensitivity.Count(NeighbouringRelation.AddOrRemoveOne, L0, LInf), vectors, [new double[4]]);
        Check(Sensitivity.Count(NeighbouringRelation.ReplaceOne, L0, LInf), vectors, vectors);
    }

    [Theory]
    [InlineData(7, 3)]
    [InlineData(6, 2)]
    [InlineData(2, 5)]
    public void CountWithTotalBound_AllSplits_AttainTheL2Bound(int total, int perPartition)
    {
        double largest = 0;
        void Spread(int left, int most, double square)
        {
            largest = Math.Max(largest, square);
            for (int c = 1; c <= Math.Min(left, most); c++)
            {
                Spread(left - c, c, square + ((double)c * c));
            }
        }

        Spread(total, perPartition, 0);

        Assert.Equal(Math.Sqrt(largest), Sensitivity.CountWithTotalBound(total, perPartition).L2, 1e-12);
    }

    /// <summary>Per-partition results of one unit that has 1 or 2 values in each of 1 or 2 partitions, or nothing at all.</summary>
    private static List<double[]> Vectors(Func<double, double> term, double[] values)
    {
        var sums = new HashSet<double>();
        foreach (double a in values)
        {
            sums.Add(term(a));
            foreach (double b in values)
            {
                sums.Add(term(a) + term(b));
            }
        }

        List<double[]> vectors = [new double[4]];
        for (int p = 0; p < 4; p++)
        {
            foreach (double s in sums)
            {
                double[] one = new double[4];
                one[p] = s;
                vectors.Add(one);
                for (int q = p + 1; q < 4; q++)
                {
                    foreach (double t in sums)
                    {
                        double[] two = new double[4];
                        two[p] = s;
                        two[q] = t;
                        vectors.Add(two);
                    }
                }
            }
        }

        return vectors;
    }

    private static void Check(Sensitivity claimed, List<double[]> left, List<double[]> right)
    {
        double l1 = 0;
        double l2 = 0;
        foreach (double[] a in left)
        {
            foreach (double[] b in right)
            {
                l1 = Math.Max(l1, a.Zip(b, (x, y) => Math.Abs(x - y)).Sum());
                l2 = Math.Max(l2, Math.Sqrt(a.Zip(b, (x, y) => (x - y) * (x - y)).Sum()));
            }
        }

        Assert.Equal(l1, claimed.L1, 1e-9);
        Assert.Equal(l2, claimed.L2, 1e-9);
    }
}
