using DpSpark.Jobs.Diagnostics;
using DpSpark.Jobs.Manifest;

namespace DpSpark.Tests.Jobs.Manifest;

/// <summary>One fault in the restaurant job each: the right code, at the right place, with cause and fix.</summary>
public sealed class BadManifestTests
{
    /// <summary>A text of the job, what stands there instead (<c>¦</c> marks where the fault is reported), the code and words that the message has.</summary>
    public static TheoryData<string, string, string, string> Edits => new()
    {
        // Keys
        { "max_partitions_contributed: 4", "¦max_partition_contributed: 4", "DPS2002", "Did you mean `max_partitions_contributed`?" },
        { "partition_by: [weekday]", "¦group_by: [weekday]", "DPS2002", "Did you mean `partition_by`?" },
        { "max_contributions_per_partition: 1", "¦MaxRowsPerGroupPerID: 1", "DPS2002", "Did you mean `max_contributions_per_partition`?" },
        { "max_partitions_contributed: 4", "¦maxGroupsContributed: 4", "DPS2002", "Did you mean `max_partitions_contributed`?" },
        { "min_value: 0, max_value: 60", "¦low: 0, max_value: 60", "DPS2002", "Did you mean `min_value`?" },
        { "keyset:", "¦publicPartitions:", "DPS2002", "Did you mean `keyset`?" },
        { "  ci: 0.95", "  ¦noise: laplace", "DPS2002", "It belongs in `privacy`." },
        { "ledger: {", "¦zzzzz: 1\nledger: {", "DPS2002", "remove it; known here" },
        { "name: restaurant-visits", "name: restaurant-visits\n¦name: again", "DPS2005", "first in line 3" },
        { "{ sum: spend_eur, min_value: 0,", "{ sum: spend_eur, min_value: 0, ¦min_value: 1,", "DPS2005", "min_value" },
        { "ledger: {", "¦rollup: { levels: [] }\nledger: {", "DPS2008", "not supported yet" },
        { "  id: visitor_id ", "  ¦per: { window: P1D }\n  id: visitor_id ", "DPS2008", "not supported yet" },
        { "{ count: \"*\",            as: visits }", "{ count: \"*\", ¦edges: 3, as: visits }", "DPS2019", "does not go with" },
        { "{ count: \"*\",            as: visits }", "{ quantile: spend_eur, ranks: [0.5, ¦1.5], min_value: 0, max_value: 60, as: visits }", "DPS2013", "outside of 0 to 1" },
        { "{ count: \"*\",            as: visits }", "¦{ quantile: spend_eur, min_value: 0, max_value: 60, as: visits }", "DPS2009", "ranks" },
        { "{ count: \"*\",            as: visits }", "¦{ count_distinct: spend_eur, as: visits }", "DPS2009", "max_values" },
        { "{ count: \"*\",            as: visits }", "{ count: \"*\", ¦max_values: 3, as: visits }", "DPS2019", "does not go with" },
        { "csv: data/visits.csv", "¦public: true", "DPS2008", "not supported yet" },
        { "csv: data/visits.csv", "¦table: lake..visits", "DPS2030", "not the name of a table" },
        { "csv: data/visits.csv", "¦sql: \" \"", "DPS2030", "query is empty" },
        { "csv: data/visits.csv", "¦sql: [SELECT]", "DPS2010", "a query" },
        { "max_partitions_contributed: 4", "max_partitions_contributed: { auto: { ¦budget: 100% } }", "DPS2013", "part of the total" },
        { "max_partitions_contributed: 4", "max_partitions_contributed: { ¦auto: { } }", "DPS2009", "budget" },
        { "min_value: 0, max_value: 60, ", "auto: { budget: 10% }, ¦max_value: 60, ", "DPS2019", "given or found" },
        { "format: parquet", "¦mode: replace_partition", "DPS2008", "not supported yet" },
        { "version: 1", "¦version: 2", "DPS2012", "version 2 is not known" },

        // Kinds of values
        { "ledger: { file: ./ledger.db, dataset: restaurant }", "¦ledger: 5", "DPS2010", "takes keys such as" },
        { "partition_by: [weekday]", "¦partition_by: weekday", "DPS2010", "takes a list of columns" },
        { "description: Visits and spend by weekday", "¦description: [a]", "DPS2010", "is a list" },
        { "  ci: 0.95", "  ¦ci: 95%", "DPS2010", "not a decimal number" },
        { "  ci: 0.95", "  ¦ci: 95", "DPS2013", "between 0 and 1" },
        { "format: parquet", "¦format: parket", "DPS2014", "Did you mean `parquet`?" },
        { "noise: laplace", "¦noise: Laplace", "DPS2014", "Did you mean `laplace`?" },
        { "post: [non_negative]", "post: [¦nonnegative]", "DPS2014", "Did you mean `non_negative`?" },
        { "{ count: \"*\",            as: visits }", "{ ¦count: spend_eur, as: visits }", "DPS2014", "takes \"*\"" },
        { "path: out/", "¦path: \"\"", "DPS2030", "empty" },
        { "csv: data/visits.csv", "csv: { path: a.csv, ¦delimiter: \";;\" }", "DPS2030", "cannot separate" },
        { "csv: data/visits.csv", "csv: [a.csv, ¦a.csv]", "DPS2016", "listed twice" },
        { "csv: data/visits.csv", "csv: a.csv\n  ¦parquet: b.parquet", "DPS2019", "takes one of them" },

        // Columns
        { "visitor_id: string", "¦visitor_id: strng", "DPS2017", "Did you mean `string`?" },
        { "visitor_id: string", "¦visitor_id: varchar", "DPS2017", "Did you mean `string`?" },
        { "type: decimal(9,2)", "¦type: decimal(40,2)", "DPS2017", "1 to 38 digits" },
        { "type: decimal(9,2)", "¦type: decimal", "DPS2017", "decimal(9,2)" },
        { "type: int, nulls: drop", "type: int, ¦nulls: skip", "DPS2014", "takes drop, error, keep" },
        { "type: int, nulls: drop", "type: int, nulls: { ¦replace: abc }", "DPS2010", "is not a int" },
        { "visitor_id: string", "visitor_id: { type: string, ¦nan: drop }", "DPS2032", "for numbers" },
        { "visitor_id: string", "visitor_id: { type: string, ¦format: yyyy }", "DPS2032", "for dates" },
        { "visitor_id: string", "visitor_id: string\n    ¦unused: { type: long, nulls: keep }", "DPS2032", "not a partition column" },
        { "visitor_id: string", "visitor_id: string\n    ¦again: { type: string, from: visitor_id }", "DPS2016", "both read" },
        { "partition_by: [weekday]", "partition_by: [¦wekday]", "DPS2015", "Did you mean `weekday`?" },
        { "  id: visitor_id ", "  ¦id: visitor ", "DPS2015", "Did you mean `visitor_id`?" },
        { "sum: spend_eur", "¦sum: spend", "DPS2015", "Did you mean `spend_eur`?" },
        { "sum: spend_eur", "¦sum: visitor_id", "DPS2018", "needs a number" },
        { "visitor_id: string", "visitor_id: string\n    ¦\"\": int", "DPS2036", "1 to 128 characters" },

        // Privacy unit
        { "max_contributions_per_partition: 1", "null_id: drop", "DPS2021", "needs `max_contributions_per_partition`" },
        { "max_partitions_contributed: 4", "null_id: drop", "DPS2021", "needs `max_partitions_contributed`" },
        { "max_partitions_contributed: 4", "max_contributions: 9", "DPS2021", "needs `max_partitions_contributed` too" },
        { "max_partitions_contributed: 4", "¦max_partitions_contributed: 0", "DPS2013", "whole number from 1" },
        { "max_partitions_contributed: 4", "¦max_partitions_contributed: 2147483648", "DPS2013", "whole number from 1" },
        { "max_partitions_contributed: 4", "¦max_partitions_contributed: 1.5", "DPS2013", "whole number from 1" },
        { "  id: visitor_id ", "  row: true\n  ¦id: visitor_id ", "DPS2019", "do not go with `row: true`" },
        { "  id: visitor_id ", "  id: [visitor_id, ¦visitor_id] ", "DPS2016", "listed twice" },
        { "visitor_id: string", "visitor_id: double", "DPS2018", "look alike" },

        // Partitions and keyset
        { "partition_by: [weekday]", "partition_by: [weekday, ¦weekday]", "DPS2016", "given twice" },
        { "partition_by: [weekday]", "partition_by: [weekday, { ¦trunc: spend_eur, to: day, as: d }]", "DPS2018", "cannot be cut to the day" },
        { "partition_by: [weekday]", "partition_by: [weekday, ¦spend_eur]", "DPS2018", "put the numbers into bins" },
        { "partition_by: [weekday]", "partition_by: [weekday, ¦{ bin: spend_eur, as: b }]", "DPS2035", "needs `edges`" },
        { "partition_by: [weekday]", "partition_by: [weekday, { bin: spend_eur, edges: [0, 10, ¦10], as: b }]", "DPS2035", "does not lie above" },
        { "partition_by: [weekday]", "partition_by: [weekday, { bin: spend_eur, ¦width: 0, min_value: 0, max_value: 9, as: b }]", "DPS2035", "above 0" },
        { "partition_by: [weekday]", "partition_by: [weekday, { bin: spend_eur, ¦width: 1e-9, min_value: 0, max_value: 9, as: b }]", "DPS2035", "more than 100000 bins" },
        { "  source: calendar", "  # none", "DPS2022", "needs `source`" },
        { "values: { weekday: [1, 2, 3, 4, 5, 6, 7] }", "values: { ¦day: [1] }", "DPS2023", "not a column of `partition_by`" },
        { "values: { weekday: [1, 2, 3, 4, 5, 6, 7] }", "values: { weekday: [1, ¦Monday] }", "DPS2024", "is not a key of `weekday`" },
        { "values: { weekday: [1, 2, 3, 4, 5, 6, 7] }", "values: { weekday: [1, ¦null] }", "DPS2024", "is not a key of `weekday`" },
        { "values: { weekday: [1, 2, 3, 4, 5, 6, 7] }", "values: { weekday: [1, 2, ¦1] }", "DPS2016", "given twice" },
        { "values: { weekday: [1, 2, 3, 4, 5, 6, 7] }", "range: { ¦weekday: [7, 1] }", "DPS2020", "comes before" },
        { "keyset:\n  values: { weekday: [1, 2, 3, 4, 5, 6, 7] }", "¦keyset:\n  range: { weekday: [1, 1000000000] }", "DPS2025", "1000000000 keys" },
        { "values: { weekday: [1, 2, 3, 4, 5, 6, 7] }", "¦file: { csv: zones.csv }", "DPS2026", "cannot be read here" },
        { "values: { weekday: [1, 2, 3, 4, 5, 6, 7] }", "values: { weekday: [1] }\n  ¦range: { weekday: [1, 7] }", "DPS2019", "takes one of them" },
        { "values: { weekday: [1, 2, 3, 4, 5, 6, 7] }", "dates: { ¦weekday: [1, 7] }", "DPS2024", "`dates` does not fit" },
        { "keyset:", "partition_selection: { strategy: auto }\n¦keyset:", "DPS2019", "does not go with `partition_selection`" },

        // Aggregates
        { "{ sum: spend_eur, min_value: 0, max_value: 60,", "¦{ sum: spend_eur, ", "DPS2011", "needs min_value and max_value" },
        { "{ sum: spend_eur, min_value: 0, max_value: 60,", "¦{ mean: spend_eur, max_value: 60, ", "DPS2011", "needs min_value" },
        { "min_value: 0, max_value: 60", "min_value: 60, ¦max_value: 0", "DPS2020", "lies below" },
        { "min_value: 0, max_value: 60", "¦min_value: .nan, max_value: 60", "DPS2013", "not a finite number" },
        { "min_value: 0, max_value: 60", "min_value: 0, ¦max_value: .inf", "DPS2013", "not a finite number" },
        { "min_value: 0, max_value: 60", "min_value: 0, ¦max_value: 1e999", "DPS2013", "no column holds" },
        { "min_value: 0, max_value: 60", "min_value: 0, max_value: 60, ¦max_sum_per_partition: 9", "DPS2019", "does not go with `min_value`" },
        { "as: visits }", "¦as: visitors }", "DPS2031", "is there already" },
        { "as: visits }", "¦as: WeekDay }", "DPS2031", "partition column `weekday`" },
        { "as: visits }", "¦as: visitors_stddev }", "DPS2031", "made by `ci`" },
        { "as: visits }", "as: visits, ¦min_value: 0 }", "DPS2019", "does not go with `count`" },
        { "as: visits }", "as: visits, ¦sum: spend_eur, min_value: 0, max_value: 1 }", "DPS2019", "it is one of them" },
        { "budget: { weight: 2 }", "budget: { ¦weight: 0 }", "DPS2013", "a weight lies above 0" },
        { "budget: { weight: 2 }", "budget: { weight: 2, ¦epsilon: \"0.1\" }", "DPS2019", "does not go with `weight`" },

        // Budget
        { "epsilon: \"1.0\"", "¦epsilon: \"-1\"", "DPS2013", "epsilon lies between" },
        { "epsilon: \"1.0\"", "¦epsilon: 0", "DPS2013", "epsilon lies between" },
        { "epsilon: \"1.0\"", "¦epsilon: NaN", "DPS2013", "not a finite number" },
        { "epsilon: \"1.0\"", "¦epsilon: 1e10", "DPS2013", "epsilon lies between" },
        { "epsilon: \"1.0\"", "¦epsilon: one", "DPS2010", "not a decimal number" },
        { "  epsilon: \"1.0\"", "  # none", "DPS2009", "`privacy.epsilon` is missing" },
        { "delta: \"0\"", "¦delta: 1", "DPS2013", "delta is at least 0" },
        { "delta: \"0\"", "¦delta: -1e-9", "DPS2013", "delta is at least 0" },
        { "noise: laplace", "¦noise: gaussian", "DPS2027", "Gaussian noise needs a delta" },
        { "keyset:\n  values: { weekday: [1, 2, 3, 4, 5, 6, 7] }\n  source: calendar", "¦partition_selection: { strategy: auto }\n#", "DPS2027", "needs a delta above 0" },
        { "epsilon: \"1.0\" ", "¦epsilon: \"0.1\"\n  #", "DPS2033", "the total is 0.1" },

        // Output, ledger, variables
        { "dataset: restaurant", "purpose: x", "DPS2009", "`ledger.dataset` is missing" },
        { "dataset: restaurant", "dataset: restaurant, ¦expires: soon", "DPS2010", "not a duration" },
        { "csv: data/visits.csv", "¦csv: data/${yer}.csv", "DPS2028", "`${yer}` is not defined. Did you mean `${year}`?" },
        { "csv: data/visits.csv", "¦csv: data/${year.csv", "DPS2028", "has no `}`" },
        { "csv: data/visits.csv", "¦csv: data/${run_date}.csv", "DPS2029", "needs the date of the run" },
        { "version: 1", "vars: { ¦run_date: \"2026-01-01\" }", "DPS2028", "cannot be a variable" },

        // YAML
        { "  csv: data/visits.csv", "¦\tcsv: data/visits.csv", "DPS2004", "tab" },
        { "description: Visits and spend by weekday", "description: ¦&a text", "DPS2006", "anchors" },
        { "description: Visits and spend by weekday", "description: ¦!!str text", "DPS2006", "tags" },
        { "privacy:\n", "privacy:\n  ¦<<: { epsilon: 1 }\n", "DPS2006", "merge keys" },
        { "ledger: {", "¦---\nledger: {", "DPS2006", "second document" },
    };

    [Theory]
    [MemberData(nameof(Edits))]
    public void Read_OneFault_NamesCodePlaceCauseAndFix(string there, string instead, string code, string words)
    {
        Assert.Contains(there, SampleJobs.Restaurant, StringComparison.Ordinal);
        var marked = SampleJobs.Restaurant.Replace(there, instead, StringComparison.Ordinal);
        if (code == "DPS2033")
        {
            marked = marked.Replace("budget: { weight: 2 }", "budget: { epsilon: \"0.5\" }", StringComparison.Ordinal);
        }

        var at = marked.IndexOf('¦', StringComparison.Ordinal);
        var text = marked.Replace("¦", "", StringComparison.Ordinal);

        var result = ManifestReader.ReadText(text, new ManifestOptions { Vars = new Dictionary<string, string> { ["year"] = "2026" } }, "job.yml");

        Assert.Null(result.Job);
        var fault = result.Diagnostics[0];
        Assert.Equal(code, fault.Code);
        Assert.Contains(words, fault.ToString(), StringComparison.Ordinal);
        Assert.NotEmpty(fault.Fixes);
        Assert.Contains(DiagnosticCatalog.Manifest, e => e.Code == code);
        if (at >= 0)
        {
            var before = marked[..at];
            var (line, column) = (before.Count(c => c == '\n') + 1, at - before.LastIndexOf('\n'));
            Assert.Equal($"job.yml({line},{column}): error {code}: ", fault.ToString()[..fault.ToString().IndexOf(fault.Message, StringComparison.Ordinal)]);
        }

        Assert.True(result.Diagnostics.Count == 1 || code is "DPS2010" or "DPS2036", string.Join("\n", result.Diagnostics));
    }
}
