using Spectre.Console;

namespace Exai.Cli.Commands;

/// <summary>Where commands print: results to stdout, everything about them to stderr, so that results can be piped.</summary>
internal static class Terminal
{
    public static IAnsiConsole Output { get; } = Create(Console.Out, Console.IsOutputRedirected);

    public static IAnsiConsole Errors { get; } = Create(Console.Error, Console.IsErrorRedirected);

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

    /// <summary>Into a file or a pipe: no colours, and lines as long as they are.</summary>
    private static IAnsiConsole Create(TextWriter writer, bool redirected)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = redirected ? AnsiSupport.No : AnsiSupport.Detect,
            ColorSystem = redirected ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
        });
        if (redirected)
        {
            console.Profile.Width = 500;
        }

        return console;
    }
}
