using DpSpark.Vectors;

return Dispatcher.Run(args, Console.Out, Console.Error);
