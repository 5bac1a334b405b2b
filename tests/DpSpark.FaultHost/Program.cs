// The command line with a fault in it. DPSPARK_FAULT is one of
//   kill:NAME      the process kills itself (SIGKILL) at a named step
//   full:NAME      the step meets a full disk
//   kill-after:MS  the process kills itself after so many milliseconds
//   wait:NAME      the step says so on standard error and then waits to be signalled
//   hold:NAME      the step says so on standard error and goes on after a line on standard input
//   soon:NAME,MS   the process kills itself so many milliseconds after a named step, which goes on
// The places exist in Debug builds only; a Release build of this host is the plain command line.
#if DEBUG
using System.Diagnostics;
using System.Globalization;
#endif
using DpSpark.Cli;
#if DEBUG
using DpSpark.Jobs.Running;

var fault = Environment.GetEnvironmentVariable("DPSPARK_FAULT") ?? "";
var colon = fault.IndexOf(':', StringComparison.Ordinal);
var (kind, name) = colon < 0 ? ("", "") : (fault[..colon], fault[(colon + 1)..]);
switch (kind)
{
    case "kill":
        FailPoints.Hook = step => If(step, Kill);
        break;
    case "full":
        FailPoints.Hook = step => If(step, () => throw new IOException("No space left on device"));
        break;
    case "wait":
        FailPoints.Hook = step => If(step, () =>
        {
            Console.Error.WriteLine("waiting");
            Thread.Sleep(Timeout.Infinite);
        });
        break;
    case "hold":
        FailPoints.Hook = step => If(step, () =>
        {
            Console.Error.WriteLine("waiting");
            Console.In.ReadLine();
        });
        break;
    case "soon":
        var parts = name.Split(',');
        name = parts[0];
        FailPoints.Hook = step => If(step, () => KillAfter(parts[1]));
        break;
    case "kill-after":
        KillAfter(name);
        break;
}

#endif

return CommandLine.Run(args, CliHost.OfThisProcess());

#if DEBUG

void If(string step, Action action)
{
    if (step == name)
    {
        action();
    }
}

static void KillAfter(string milliseconds)
{
    var timer = new Thread(() =>
    {
        Thread.Sleep(int.Parse(milliseconds, CultureInfo.InvariantCulture));
        Kill();
    })
    { IsBackground = true };
    timer.Start();
}

static void Kill()
{
    Process.GetCurrentProcess().Kill();
    Thread.Sleep(Timeout.Infinite);
}
#endif
