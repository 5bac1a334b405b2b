using System.Globalization;
using DpSpark.Core.Stages;

namespace DpSpark.Jobs.Manifest;

/// <summary>Texts as values of partition keys: long, double, string, bool, days since 1970-01-01 (int), microseconds since then (long).</summary>
internal static class KeyText
{
    private static readonly string[] s_timestamps =
    [
        "yyyy-MM-dd", "yyyy-MM-dd'T'HH:mm", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFF", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFK",
        "yyyy-MM-dd HH:mm", "yyyy-MM-dd HH:mmK", "yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd HH:mm:ssK", "yyyy-MM-dd HH:mm:ss.FFFFFF", "yyyy-MM-dd HH:mm:ss.FFFFFFK",
    ];

    private static readonly int s_epochDay = new DateOnly(1970, 1, 1).DayNumber;

    public static bool TryParse(ColumnType type, string text, out object? value)
    {
        value = null;
        switch (type)
        {
            case ColumnType.String:
                value = text;
                return true;
            case ColumnType.Bool:
                value = text switch { "true" => true, "false" => false, _ => (object?)null };
                return value is not null;
            case ColumnType.Int when int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number):
                value = (long)number;
                return true;
            case ColumnType.Long when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number):
                value = number;
                return true;
            case ColumnType.Double when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number):
                value = number == 0 ? 0.0 : number;
                return true;
            case ColumnType.Date when DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date):
                value = date.DayNumber - s_epochDay;
                return true;
            case ColumnType.Timestamp when DateTimeOffset.TryParseExact(text, s_timestamps, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time):
                value = (time.UtcTicks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond;
                return true;
            default:
                return false;
        }
    }

    public static DateOnly ToDate(int days) => DateOnly.FromDayNumber(s_epochDay + days);

    public static int ToDays(DateOnly date) => date.DayNumber - s_epochDay;

    /// <summary>The form in which a value of a type is written, for messages.</summary>
    public static string Example(ColumnType type) => type switch
    {
        ColumnType.Bool => "true",
        ColumnType.Int or ColumnType.Long => "7",
        ColumnType.Double => "2.5",
        ColumnType.Date => "2026-11-20",
        ColumnType.Timestamp => "2026-11-20T05:00:00Z",
        _ => "text",
    };
}
