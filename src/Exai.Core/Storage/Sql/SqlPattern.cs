namespace Exai.Core.Storage.Sql;

/// <summary>Patterns for LIKE, with '\' before what is meant as it stands.</summary>
internal static class SqlPattern
{
    /// <summary>Matches what holds the text; null for null.</summary>
    public static string? Containing(string? text) => text is null ? null : "%" + text
        .Replace("\\", "\\\\", StringComparison.Ordinal).Replace("%", "\\%", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal) + "%";
}
