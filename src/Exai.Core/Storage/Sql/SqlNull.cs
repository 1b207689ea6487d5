namespace Exai.Core.Storage.Sql;

/// <summary>
/// For parameters that may be nothing. A server keeps the plan of a statement by the kinds of its parameters, so one that is nothing says which kind it would be:
/// null stands for a text, this for a number.
/// </summary>
internal static class SqlNull
{
    public static readonly object Number = new();

    public static object OrNull(this long? number) => number is { } value ? value : Number;

    public static object OrNull(this int? number) => number is { } value ? (long)value : Number;
}
