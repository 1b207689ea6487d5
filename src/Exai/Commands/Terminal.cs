using Spectre.Console;

namespace Exai.Cli.Commands;

/// <summary>Where commands print: results to stdout, everything about them to stderr, so that results can be piped.</summary>
internal static class Terminal
{
    public static IAnsiConsole Output { get; } = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out) });

    public static IAnsiConsole Errors { get; } = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });

    /// <summary>Text as it is, however long its lines are.</summary>
    public static void Print(string text)
    {
        Console.Out.Write(text);
        Console.Out.Write('\n');
        Console.Out.Flush();
    }

    /// <summary>An explanation for the person at the terminal.</summary>
    public static void Explain(string text)
    {
        Console.Error.Write(text);
        Console.Error.Write('\n');
        Console.Error.Flush();
    }
}
