using System.Globalization;
using System.IO.Compression;
using System.Text;
using DpSpark.Testing;

namespace DpSpark.Tests.Running;

/// <summary>
/// Jobs on real datasets. With epsilon 10^9 and bounds that do not bind, a release is the truth, which is computed here from the text of the files by other code: counts and sums of
/// whole numbers exactly, other sums and means to a thousandth. Under private selection a key with a single unit may be missing.
/// </summary>
public sealed class RealDataTests
{
    public static TheoryData<string> Jobs() =>
    [
        "restaurant", "flights-parquet", "flights-csv", "baskets-parquet", "purchases", "adult", "congress", "shirts", "animals", "journeys",
    ];

    [SkippableTheory]
    [MemberData(nameof(Jobs))]
    public void Run_HugeEpsilonAndLooseBounds_GivesTheTruth(string job)
    {
        Skip.If(SharedFiles.Folder is null, SharedFiles.SkipReason);
        using var folder = new TempFolder();
        File.Copy(Path.Combine(SharedFiles.RepositoryRoot, "tests", "DpSpark.Tests", "Running", "RealData", job + ".yml"), folder["job.yml"]);

        var run = CommandLineRun.In(folder.Path, "run", "--var", "data=" + SharedFiles.PathOf("data"), "--format", "json");

        Assert.True(run.Code == 0, run.Out + run.Error);
        AssertTruth(Truths.Of(job), folder["out", "part-00000.csv"]);
    }

    private static void AssertTruth(Truth truth, string released)
    {
        var rows = Csv.Read(File.OpenRead(released)).ToList();
        var width = truth.KeyColumns;
        var found = rows.Skip(1).ToDictionary(r => string.Join('|', r.Take(width)), r => r.Skip(width).Select(v => double.Parse(v, CultureInfo.InvariantCulture)).ToArray());
        foreach (var (key, values) in truth.Values)
        {
            if (!found.Remove(key, out var numbers))
            {
                Assert.True(truth.IsSelected && truth.Units[key] == 1, "a key with several units is missing");
                continue;
            }

            Assert.Equal(values.Length, numbers.Length);
            for (var i = 0; i < values.Length; i++)
            {
                Assert.Equal(values[i], numbers[i], 1e-3 + (1e-9 * Math.Abs(values[i])));
            }
        }

        Assert.Empty(found);
    }

    /// <summary>What a release should say: per key the numbers, and how many units there are.</summary>
    private sealed record Truth(int KeyColumns, bool IsSelected, Dictionary<string, double[]> Values, Dictionary<string, int> Units);

    private static class Truths
    {
        public static Truth Of(string job) => job switch
        {
            "restaurant" => Compute("restaurant/week_data.csv", 1, false, r => r["Day"], r => r["VisitorId"],
                Count, Units, Sum("Money spent (euros)"), rows => rows.Average(r => Number(r["Time spent (minutes)"]))),
            "flights-parquet" or "flights-csv" => Compute("nycflights13/flights_slim.csv.gz", 2, true, r => r["dest"] + "|" + r["month"], r => Blank(r["tailnum"]), Count, Units, Sum("distance")),
            "baskets-parquet" => Compute("online_retail/baskets.csv.gz", 1, true, r => Blank(r["stock_code"]), r => r["basket_id"], Count, Units),
            "purchases" => Compute("online_retail/purchases_50k.csv.gz", 1, true, r => Blank(r["Country"]), r => Blank(r["CustomerID"]), Count, Sum("Quantity")),
            "adult" => Compute("adult/adult_train.csv.gz", 2, true, r => r["education"] + "|" + Math.Min(80, (int)Number(r["age"]) / 20 * 20).ToString(CultureInfo.InvariantCulture), null, Count,
                rows => rows.Average(r => Number(r["hours_per_week"]))),
            "congress" => Compute("congress/terms.csv.gz", 2, true, r => Blank(r["age_years"]) is null ? null : r["chamber"] + "|" + r["start_date"][..7] + "-01", r => r["bioguide_id"], Units, Sum("age_years")),
            "shirts" => Compute("small/shirts.csv", 1, true, r => r["1"], r => r["0"], Units),
            "animals" => Compute("animals_and_carrots/animals_and_carrots.csv", 0, false, _ => "", null, Count, Sum("1")),
            _ => Compute("small/synthetic_customer_journeys.csv", 1, false, r => r["has_conversion"] == "True" ? "true" : "false", r => r["user_id"], Count, Sum("conversion_value")),
        };

        private static Func<List<Dictionary<string, string>>, double> Sum(string column) => rows => rows.Sum(r => Number(r[column]));

        private static double Count(List<Dictionary<string, string>> rows) => rows.Count;

        private static double Units(List<Dictionary<string, string>> rows) => rows.Select(r => r["\0unit"]).Distinct().Count();

        private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

        private static string? Blank(string text) => text is "" ? null : text;

        private static Truth Compute(string file, int keyColumns, bool isSelected, Func<Dictionary<string, string>, string?> key, Func<Dictionary<string, string>, string?>? unit,
            params Func<List<Dictionary<string, string>>, double>[] aggregates)
        {
            var groups = new Dictionary<string, List<Dictionary<string, string>>>();
            var row = 0;
            foreach (var fields in Rows(SharedFiles.PathOf(["data", .. file.Split('/')])))
            {
                var id = unit is null ? (row++).ToString(CultureInfo.InvariantCulture) : unit(fields);
                if (id is not null && key(fields) is { } at)
                {
                    fields["\0unit"] = id;
                    (groups.TryGetValue(at, out var list) ? list : groups[at] = []).Add(fields);
                }
            }

            return new Truth(keyColumns, isSelected, groups.ToDictionary(g => g.Key, g => aggregates.Select(a => a(g.Value)).ToArray()), groups.ToDictionary(g => g.Key, g => (int)Units(g.Value)));
        }

        private static IEnumerable<Dictionary<string, string>> Rows(string path)
        {
            using Stream stream = path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(File.OpenRead(path), CompressionMode.Decompress) : File.OpenRead(path);
            var hasHeader = !path.EndsWith("shirts.csv", StringComparison.Ordinal) && !path.EndsWith("carrots.csv", StringComparison.Ordinal);
            string[]? names = null;
            foreach (var fields in Csv.Read(stream))
            {
                if (names is null)
                {
                    names = hasHeader ? fields : [.. fields.Select((_, i) => i.ToString(CultureInfo.InvariantCulture))];
                    if (hasHeader)
                    {
                        continue;
                    }
                }

                var result = new Dictionary<string, string>(names.Length + 1);
                for (var i = 0; i < names.Length; i++)
                {
                    result[names[i]] = fields[i];
                }

                yield return result;
            }
        }
    }

    /// <summary>A reader of quoted text that shares nothing with the product's.</summary>
    private static class Csv
    {
        public static IEnumerable<string[]> Read(Stream stream)
        {
            using var reader = new StreamReader(stream, Encoding.UTF8);
            var fields = new List<string>();
            while (reader.ReadLine() is { } line)
            {
                fields.Clear();
                var field = new StringBuilder();
                var quoted = false;
                for (var i = 0; i < line.Length; i++)
                {
                    if (line[i] == '"')
                    {
                        if (quoted && i + 1 < line.Length && line[i + 1] == '"')
                        {
                            field.Append('"');
                            i++;
                        }
                        else
                        {
                            quoted = !quoted;
                        }
                    }
                    else if (line[i] == ',' && !quoted)
                    {
                        fields.Add(field.ToString());
                        field.Clear();
                    }
                    else
                    {
                        field.Append(line[i]);
                    }
                }

                fields.Add(field.ToString());
                yield return [.. fields];
            }
        }
    }
}
